/** Shows the document in the viewer. All addresses are relative to the page, whatever prefix a proxy gives it. */
async function start() {
  const response = await fetch('openapi.json');
  if (!response.ok) throw new Error(`openapi.json: ${response.status}`);
  const spec = await response.json();
  // Calls go to where the page came from: the document itself does not know of prefixes.
  spec.servers = [{ url: new URL('.', location.href).href.replace(/\/$/, '') }];
  window.SwaggerUIBundle({
    spec,
    domNode: document.getElementById('viewer'),
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: 'BaseLayout',
    deepLinking: true,
    docExpansion: 'none',
    displayOperationId: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    persistAuthorization: false,
    queryConfigEnabled: false,
    validatorUrl: null,
    withCredentials: false,
  });
}

start().catch((error) => {
  const notice = document.createElement('p');
  notice.className = 'notice';
  notice.setAttribute('role', 'alert');
  notice.textContent = `The contract cannot be shown: ${error.message}`;
  document.getElementById('viewer').replaceChildren(notice);
});
