"use strict";
// Copies a text, saves one, drops a file where one can be chosen, and a column on a part. Nothing of the data is ever evaluated.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button && button.dataset.copy) {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    navigator.clipboard.writeText(field.value);
  }
  if (button && button.dataset.save) {
    const link = document.createElement("a"), text = document.getElementById(button.dataset.save).value;
    link.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
    link.download = document.getElementById("name").value || "study.yaml";
    link.click();
  }
});
for (const drop of document.querySelectorAll(".drop")) {
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.querySelector("input[type=file]").files = event.dataTransfer.files;
  });
}
let column = null;
document.addEventListener("dragstart", (event) => { column = event.target.closest("tr"); });
document.addEventListener("dragend", () => { column = null; });
document.addEventListener("dragover", (event) => { if (column && event.target.closest("[data-part]")) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  const part = event.target.closest("[data-part]"), list = column && column.querySelector("select");
  if (!part || !list) return;
  event.preventDefault();
  list.value = part.dataset.part;
  list.dispatchEvent(new Event("change", { bubbles: true }));
});
