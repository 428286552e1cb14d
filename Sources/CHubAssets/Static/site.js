// What makes the pages better where scripts run; without them everything works by links and forms.

// The theme changes at once; the cookie tells the server for the next page.
document.querySelector("[data-theme-form]")?.addEventListener("submit", (event) => {
  const theme = event.submitter?.value;
  if (theme !== "light" && theme !== "dark") return;
  event.preventDefault();
  document.documentElement.dataset.theme = theme;
  document.cookie = `adapterhub_theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
  event.currentTarget.querySelector(theme === "dark" ? ".dark-only" : ".light-only")?.focus();
});

// Buttons that copy what they stand beside.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  const label = [...button.childNodes];
  let timer;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy)?.textContent ?? "";
    clearTimeout(timer);
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = button.classList.contains("icon") ? "✓" : "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
      getSelection()?.selectAllChildren(document.getElementById(button.dataset.copy));
    }
    timer = setTimeout(() => button.replaceChildren(...label), 1500);
  });
}

// Tabs: without a script all panels stand one below another.
for (const tabs of document.querySelectorAll("[data-tabs]")) {
  const panels = [...tabs.querySelectorAll("[data-tab]")];
  if (panels.length < 2) continue;
  const list = document.createElement("div");
  list.className = "tabs";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", tabs.dataset.tabs);
  const buttons = panels.map((panel, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = panel.dataset.tab;
    button.id = `${panel.id}-tab`;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", button.id);
    panel.querySelector("[data-tab-title]")?.remove();
    button.addEventListener("click", () => show(index));
    button.addEventListener("keydown", (event) => {
      const next = {
        ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: panels.length - 1,
      }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      show((next + panels.length) % panels.length, true);
    });
    list.append(button);
    return button;
  });
  const show = (chosen, focus) => {
    panels.forEach((panel, index) => {
      panel.hidden = index !== chosen;
      buttons[index].setAttribute("aria-selected", index === chosen);
      buttons[index].tabIndex = index === chosen ? 0 : -1;
    });
    if (focus) buttons[chosen].focus();
  };
  tabs.prepend(list);
  tabs.classList.add("arranged");
  show(0);
}

// A menu closes when one looks elsewhere.
for (const menu of document.querySelectorAll("details.menu")) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// "/" leads to the search.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  document.getElementById("find")?.focus();
});

// Filters apply as soon as they are chosen, also those that stand outside of their form.
for (const form of document.querySelectorAll("form[data-apply]")) {
  document.addEventListener("change", (event) => {
    // Words are asked for with Enter or the button: whoever leaves the field may want to go on.
    if (event.target.form === form && event.target.type !== "search") form.requestSubmit();
  });
  // The browser puts back what was chosen when one leaves; the address says what is.
  addEventListener("pageshow", () => form.reset());
}

// What scrolls sideways can be reached by keys; what does not is no stop on the way.
const scrolling = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const place of document.querySelectorAll("pre, .table, .file-body")) scrolling.observe(place);

// What cannot be undone is asked for twice.
for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault();
  });
}
