// A click on [data-copy] copies it and says so for a moment.
(() => {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button || button.dataset.said) return;
    await copy(button.dataset.copy);
    const before = button.textContent;
    button.dataset.said = "yes";
    button.style.minWidth = `${button.offsetWidth}px`;
    button.textContent = "Copied";
    setTimeout(() => {
      button.textContent = before;
      delete button.dataset.said;
    }, 1200);
  });

  // Browsers give pages on plain http from another machine no clipboard object.
  async function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
})();
