// The preview appears beside the text, without leaving it.
const form = document.querySelector("[data-editor]");
const button = document.querySelector("[data-preview-button]");

button?.addEventListener("click", async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    const answer = await fetch(button.formAction, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const preview = page.getElementById("preview");
    if (!preview) throw new Error("no preview");
    document.getElementById("preview").replaceChildren(...preview.childNodes);
  } catch {
    // The form itself knows the way.
    form.action = button.formAction;
    form.submit();
  } finally {
    button.disabled = false;
  }
});

// What was typed is not lost by a wrong click.
let isChanged = false;
form?.addEventListener("input", () => (isChanged = true));
form?.addEventListener("submit", () => (isChanged = false));
addEventListener("beforeunload", (event) => {
  if (isChanged) event.preventDefault();
});
