// Draws every living chart of a page, one after the other, and draws it again when its place changes width.
(function () {
  "use strict";
  var config = JSON.parse(document.getElementById("gu-theme").textContent);

  function refuse() {
    return Promise.reject(new Error("charts load nothing"));
  }

  function options() {
    return {
      mode: "vega-lite",
      config: config,
      renderer: "svg", // canvas knows no CSS variables
      actions: false,
      ast: true, // expressions are interpreted: a page may forbid eval
      defaultStyle: false,
      loader: { load: refuse, sanitize: refuse, http: refuse, file: refuse },
      tooltip: { id: "gu-tooltip", disableDefaultStyle: true },
    };
  }

  function drawPanel(place, spec) {
    var name = place.getAttribute("aria-label");
    return vegaEmbed(place, spec, options()).then(function (result) {
      // Vega calls the element a graphics document; the figure says what it is.
      place.setAttribute("role", "img");
      place.setAttribute("aria-label", name);
      place.removeAttribute("aria-roledescription");
      place.querySelector("svg").setAttribute("aria-hidden", "true");
      if (window.ResizeObserver) follow(place, result.view);
    });
  }

  function follow(place, view) {
    var width = place.clientWidth;
    new ResizeObserver(function () {
      if (place.clientWidth && place.clientWidth !== width) {
        width = place.clientWidth;
        view.signal("width", width).runAsync();
      }
    }).observe(place);
  }

  function draw(figure) {
    var specs = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    var places = figure.querySelectorAll(".gu-panel");
    figure.setAttribute("data-drawn", "now");
    return Promise.all(specs.map(function (spec, i) { return drawPanel(places[i], spec); }))
      .then(function () { figure.setAttribute("data-drawn", "yes"); })
      .catch(function (error) {
        figure.setAttribute("data-drawn", "no");
        console.error(error);
      });
  }

  function drawAll() {
    var rest = Array.prototype.slice.call(
      document.querySelectorAll("figure.gu-chart[data-live]:not([data-drawn])")
    );
    (function next() {
      var figure = rest.shift();
      if (figure) draw(figure).then(next);
    })();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", drawAll);
  else drawAll();
})();
