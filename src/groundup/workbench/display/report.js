// Optional: copy buttons, and the current section marked in the contents.
(function () {
  "use strict";

  function copyOf(code) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(code.textContent);
    var range = document.createRange(); // some browsers have no clipboard interface for a file opened from disk
    range.selectNodeContents(code);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return document.execCommand("copy") ? Promise.resolve() : Promise.reject(new Error("not copied"));
  }

  Array.prototype.forEach.call(document.querySelectorAll(".gu-code"), function (figure) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "gu-copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy: " + figure.querySelector("figcaption").textContent);
    button.addEventListener("click", function () {
      copyOf(figure.querySelector("code"))
        .then(function () { button.textContent = "Copied"; }, function () { button.textContent = "Selected"; })
        .then(function () { setTimeout(function () { button.textContent = "Copy"; }, 2000); });
    });
    figure.appendChild(button);
  });

  if (!window.IntersectionObserver) return;
  var links = {};
  Array.prototype.forEach.call(document.querySelectorAll(".gu-contents a"), function (link) {
    links[link.hash.slice(1)] = link;
  });
  var seen = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      if (!entry.isIntersecting) return;
      Object.keys(links).forEach(function (name) { links[name].removeAttribute("aria-current"); });
      links[entry.target.id].setAttribute("aria-current", "location");
    });
  }, { rootMargin: "-10% 0px -80% 0px" });
  Array.prototype.forEach.call(document.querySelectorAll(".gu-section"), function (section) {
    seen.observe(section);
  });
})();
