// Draws the living charts of a page, one after the other, and draws them again when their place changes width. A chart
// that has a picture waits until it comes into view: opening a long page costs no more than a short one.
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
    place.style.minHeight = place.offsetHeight + "px"; // what is read below does not jump
    return vegaEmbed(place, spec, options()).then(function (result) {
      // Vega calls the element a graphics document; the figure says what it is.
      place.setAttribute("role", "img");
      place.setAttribute("aria-label", name);
      place.removeAttribute("aria-roledescription");
      place.querySelector("svg").setAttribute("aria-hidden", "true");
      place.style.minHeight = "";
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

  var rest = [];
  var isBusy = false;

  function next() {
    var figure = rest.shift();
    isBusy = !!figure;
    if (figure) draw(figure).then(next);
  }

  function add(figure) {
    rest.push(figure);
    if (!isBusy) next();
  }

  function drawAll() {
    var figures = document.querySelectorAll("figure.gu-chart[data-live]:not([data-drawn])");
    var seen = window.IntersectionObserver && new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (!entry.isIntersecting) return;
        seen.unobserve(entry.target);
        add(entry.target);
      });
    }, { rootMargin: "300px" });
    Array.prototype.forEach.call(figures, function (figure) {
      if (seen && figure.querySelector(".gu-panel svg")) seen.observe(figure);
      else add(figure);
    });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", drawAll);
  else drawAll();
})();
