"use strict";
// Copies a text, saves one, and drops a file where one can be chosen. Nothing of the data is ever evaluated.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button && button.dataset.copy) {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    navigator.clipboard.writeText(field.value);
  }
});
document.addEventListener("submit", (event) => {
  if (event.submitter && "plain" in event.submitter.dataset) {
    event.stopImmediatePropagation();
  }
}, true);
for (const drop of document.querySelectorAll(".drop")) {
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.querySelector("input[type=file]").files = event.dataTransfer.files;
  });
}
