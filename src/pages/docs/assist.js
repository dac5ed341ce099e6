// What the viewer lacks for those who use no mouse, or no screen.
const viewer = document.getElementById('viewer');
let opener;

function dialog() {
  return viewer.querySelector('.dialog-ux .modal-ux');
}

function within(shown) {
  return Array.from(shown.querySelectorAll('button, input, select, textarea, a[href]')).filter((each) => !each.disabled);
}

/** Names for controls that are told apart by sight only. */
function label() {
  for (const heading of viewer.querySelectorAll('.opblock-tag[data-tag]')) heading.querySelector('.expand-operation')?.setAttribute('aria-label', heading.dataset.tag);
  for (const select of viewer.querySelectorAll('.examples-select-element:not([aria-label])')) select.setAttribute('aria-label', 'Example');
  for (const table of viewer.querySelectorAll('table[role="region"]:not([aria-label])')) {
    const summary = table.closest('.opblock')?.querySelector('.opblock-summary');
    table.setAttribute('aria-label', `Responses: ${summary?.querySelector('.opblock-summary-method')?.textContent} ${summary?.querySelector('[data-path]')?.dataset.path}`);
  }
  for (const button of viewer.querySelectorAll('.close-modal:not([aria-label])')) button.setAttribute('aria-label', 'Close');
  for (const button of viewer.querySelectorAll('[aria-label="Apply credentials"]')) button.setAttribute('aria-label', 'Authorize: apply credentials');
  for (const button of viewer.querySelectorAll('[aria-label="Remove authorization"]')) button.setAttribute('aria-label', 'Logout: remove authorization');
}

/** The dialog takes the focus, and gives it back. Browsers are not to keep what is typed there, nor to show it to spell checkers. */
function follow() {
  const shown = dialog();
  if (shown === null) {
    if (opener === undefined) return;
    (opener.isConnected ? opener : viewer.querySelector('.btn.authorize'))?.focus();
    opener = undefined;
    return;
  }
  for (const input of shown.querySelectorAll('input:not([autocomplete])')) {
    input.setAttribute('autocomplete', 'off');
    input.setAttribute('spellcheck', 'false');
    const scheme = input.closest('.auth-container')?.querySelector('h4 code')?.textContent ?? '';
    const of = input.closest('.wrapper')?.querySelector('label')?.textContent ?? '';
    input.setAttribute('aria-label', `${scheme} ${of}`);
  }
  if (opener === undefined) {
    opener = document.activeElement;
    shown.setAttribute('role', 'dialog');
    shown.setAttribute('aria-modal', 'true');
    shown.setAttribute('aria-label', 'Authorize');
    for (const [kind, level] of [['h3', '2'], ['h4', '3']]) for (const heading of shown.querySelectorAll(kind)) heading.setAttribute('aria-level', level);
    (shown.querySelector('input') ?? within(shown)[0])?.focus();
  } else if (!shown.contains(document.activeElement)) {
    // What had it is gone: a token was taken, or given up.
    shown.querySelector('.btn-done')?.focus();
  }
}

new MutationObserver(() => {
  label();
  follow();
}).observe(viewer, { childList: true, subtree: true });

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
