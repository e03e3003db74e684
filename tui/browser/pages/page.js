// The terminal is made by textual.js when the page has loaded; this runs right after it.
window.addEventListener("load", () => {
  const keyboard = document.querySelector(".xterm-helper-textarea");
  if (!keyboard) return;
  keyboard.focus();
  window.addEventListener("focus", () => keyboard.focus());
});

// Without WebGL it cannot be made at all, and nothing else would say so.
window.addEventListener("error", () => document.body.classList.add("-failed"));
