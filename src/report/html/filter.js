"use strict";
(function () {
  var form = document.getElementById("filters");
  if (!form) { return; }
  var articles = Array.prototype.slice.call(document.querySelectorAll("article[data-check]"));
  var texts = null;
  var status = form.querySelector("[role=status]");
  function apply() {
    var severities = {};
    form.querySelectorAll("input[name=severity]").forEach(function (box) { severities[box.value] = box.checked; });
    var check = form.elements.check.value;
    var text = form.elements.text.value.trim().toLowerCase();
    if (text && !texts) { texts = articles.map(function (a) { return a.textContent.toLowerCase(); }); }
    var shown = 0;
    articles.forEach(function (article, at) {
      var show = severities[article.dataset.severity] !== false
        && (!check || article.dataset.check === check)
        && (!text || texts[at].indexOf(text) >= 0);
      article.hidden = !show;
      if (show) { shown += 1; }
    });
    status.textContent = shown + " of " + articles.length + " findings shown";
  }
  var waiting = 0;
  form.addEventListener("input", function () { clearTimeout(waiting); waiting = setTimeout(apply, 80); });
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  // A link to a finding that is filtered away shows it again.
  window.addEventListener("hashchange", function () {
    var target = document.getElementById(location.hash.slice(1));
    if (target && target.hidden) { form.reset(); apply(); target.scrollIntoView(); }
  });
  form.hidden = false;
  apply();
})();
