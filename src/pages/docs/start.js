/** What the viewer is changed by: landmarks and headings in their order, and no link inside of a button. */
function changes({ info, openapi }) {
  return ({ React: { createElement: element, Fragment }, getComponent }) => ({
    wrapComponents: {
      // What all calls have in common is long: whoever wants to read it opens it.
      InfoContainer: () => () =>
        element('section', { 'aria-label': 'About', className: 'about' },
          element('h1', null, info.title, ' ', element('small', null, `${info.version} · OpenAPI ${openapi}`)),
          element('p', null, info.summary),
          element('details', null,
            element('summary', null, element('h2', null, 'What all calls have in common')),
            element(getComponent('Markdown', true), { source: info.description ?? '' }))),
      AuthorizeBtnContainer: (Original) => (props) => element('section', { 'aria-label': 'Authorization' }, element(Original, props)),
      // Calls always go to where the page came from: there is no choice.
      ServersContainer: () => () => null,
      operations: (Original) => (props) => element(Fragment, null, element('h2', { className: 'unseen' }, 'Services'), element(Original, props)),
      DeepLink: (Original) => (props) => element(Original, { ...props, enabled: false }),
    },
  });
}

/** Below its service an operation needs no more than its own name, if no other has it. The viewer takes `_` in an address for a blank, and complains. */
function shorten(operations) {
  const names = operations.map(({ operationId }) => operationId.slice(operationId.indexOf('_') + 1));
  for (const [index, operation] of operations.entries()) {
    const name = names.filter((each) => each === names[index]).length === 1 ? names[index] : operation.operationId;
    operation.operationId = name.replaceAll('_', '');
  }
}

/** Shows the document in the viewer. All addresses are relative to the page, whatever prefix a proxy gives it. */
async function start() {
  // The page may be of a newer version than what a browser has kept.
  const response = await fetch('openapi.json', { cache: 'no-cache' });
  if (!response.ok) throw new Error(`openapi.json is answered with ${response.status}`);
  const spec = await response.json();
  shorten(Object.values(spec.paths).flatMap((path) => Object.values(path)).filter(({ operationId }) => operationId !== undefined));
  // The document does not know of prefixes.
  spec.servers = [{ url: new URL('.', location.href).href.replace(/\/$/, '') }];
  window.SwaggerUIBundle({
    spec,
    domNode: document.getElementById('viewer'),
    presets: [window.SwaggerUIBundle.presets.apis],
    plugins: [changes(spec)],
    layout: 'BaseLayout',
    deepLinking: true,
    docExpansion: 'none',
    displayOperationId: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    syntaxHighlight: { theme: 'obsidian' },
    // A token is gone with the page. Nothing in the address of the page changes what it shows, but for the place.
    persistAuthorization: false,
    queryConfigEnabled: false,
    validatorUrl: null,
  });
}

start().catch((error) => {
  const notice = document.createElement('p');
  notice.className = 'notice';
  notice.setAttribute('role', 'alert');
  notice.textContent = `The contract cannot be shown: ${error.message}`;
  document.getElementById('viewer').replaceChildren(notice);
});
