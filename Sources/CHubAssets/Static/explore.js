// Addresses without fields that are empty; filters that apply keep the place they were chosen at.
for (const form of document.querySelectorAll("form[data-apply]")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) {
      if (value === "" || (name === "sort" && value === "trending")) event.formData.delete(name);
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.form !== form) return;
    sessionStorage.setItem("explore-focus", `${event.target.name}=${event.target.value}`);
    sessionStorage.setItem("explore-scroll", String(scrollY));
  });
}
const focused = sessionStorage.getItem("explore-focus");
if (focused) {
  sessionStorage.removeItem("explore-focus");
  const filters = document.querySelector("details.filters");
  const field = [...document.querySelectorAll("#filters input, [form=filters]")]
    .find(({ name, value }) => `${name}=${value}` === focused);
  if (field?.closest("details.filters") && filters) filters.open = true;
  scrollTo(0, Number(sessionStorage.getItem("explore-scroll")));
  field?.focus({ preventScroll: true });
}

// A list that is filtered as one types; without a script the browser's own search does it.
for (const field of document.querySelectorAll("input[data-narrow]")) {
  const items = [...document.querySelectorAll(field.dataset.narrow)];
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  });
}
