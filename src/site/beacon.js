// Tells this site once that this page was looked at for ten seconds: its address and nothing else.
// No cookie, nothing stored, nobody else told; whoever asks not to be counted is not.
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || !navigator.sendBeacon || navigator.globalPrivacyControl || navigator.doNotTrack === "1") {
    return;
  }
  var door = new URL("seen", script.src).href;
  var left = 10;
  var timer = setInterval(function () {
    if (document.visibilityState !== "visible") {
      return;
    }
    left -= 1;
    if (left === 0) {
      clearInterval(timer);
      navigator.sendBeacon(door, location.pathname + location.search);
    }
  }, 1000);
})();
