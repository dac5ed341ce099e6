// What the viewer's dialog lacks for those who use no mouse: it takes the focus, keeps it, gives it back, and Escape ends it.
let opener;

function dialog() {
  return document.querySelector('.dialog-ux .modal-ux');
}

function within(shown) {
  return Array.from(shown.querySelectorAll('button, input, select, textarea, a[href]')).filter((each) => !each.disabled);
}

new MutationObserver(() => {
  const shown = dialog();
  if (shown === null) {
    opener?.focus();
    opener = undefined;
  } else if (opener === undefined) {
    opener = document.activeElement;
    shown.setAttribute('role', 'dialog');
    shown.setAttribute('aria-modal', 'true');
    shown.setAttribute('aria-label', 'Authorize');
    (shown.querySelector('input') ?? within(shown)[0])?.focus();
  }
}).observe(document.getElementById('viewer'), { childList: true, subtree: true });

document.addEventListener('keydown', (event) => {
  const shown = dialog();
  if (shown === null) return;
  if (event.key === 'Escape') shown.querySelector('.close-modal')?.click();
  if (event.key !== 'Tab') return;
  const all = within(shown);
  const [leaving, entering] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
  if (document.activeElement !== leaving) return;
  event.preventDefault();
  entering?.focus();
});
