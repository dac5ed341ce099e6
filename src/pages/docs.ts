import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Log } from '../log.ts';
import { answerWith, staticFile } from './static_file.ts';
import type { StaticFile } from './static_file.ts';
import type { Page } from '../transport/rest/handler.ts';

const TEXT = 'text/plain; charset=utf-8';
const HTML = 'text/html; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const JAVASCRIPT = 'text/javascript; charset=utf-8';

/** The page runs and shows what comes from where it comes from, and sends nothing elsewhere. Pictures in style sheets are `data:`. */
const POLICY = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join('; ');

/** Kept, but not shown without asking whether it is still so. */
const ASK_FIRST = 'no-cache';
/** For programs that look at the document again and again. */
const DOCUMENT_CACHE = 'public, max-age=60';

const OWN = new URL('docs/', import.meta.url);
const VIEWER = viewerFolder();

/** What the page is made of, by the name below `/docs/`: nothing else is served there. */
const ASSETS: readonly (readonly [name: string, folder: URL, contentType: string])[] = [
  ['theme.js', OWN, JAVASCRIPT],
  ['start.js', OWN, JAVASCRIPT],
  ['assist.js', OWN, JAVASCRIPT],
  ['page.css', OWN, CSS],
  ['favicon.svg', OWN, 'image/svg+xml'],
  ['swagger-ui.css', VIEWER, CSS],
  ['swagger-ui-bundle.js', VIEWER, JAVASCRIPT],
];

/** The contract as an OpenAPI document, and the page that shows it. */
export function docsPages(log: Log): ReadonlyMap<string, Page> {
  const files = new Map(ASSETS.map(([name, folder, contentType]) => [name, once(() => load(new URL(name, folder), contentType))]));
  const document = once(() => load(new URL('../../gen/openapi.json', import.meta.url), 'application/json'));
  const html = once(() => loadHtml(files));
  const page = (file: () => Promise<StaticFile>, cacheControl: string, more: Partial<Awaited<ReturnType<Page>>> = {}): Page =>
    async (request) => {
      try {
        const answer = answerWith(await file(), request, cacheControl);
        return { ...answer, ...more, headers: [...(answer.headers ?? []), ...(more.headers ?? [])] };
      } catch (error) {
        log.error({ err: error }, 'a file of the documentation cannot be read');
        return { status: 503, contentType: TEXT, body: 'the documentation cannot be read now' };
      }
    };
  return new Map<string, Page>([
    ['/openapi.json', page(document, DOCUMENT_CACHE)],
    ['/docs', page(html, ASK_FIRST, { contentSecurityPolicy: POLICY, headers: [['Cross-Origin-Opener-Policy', 'same-origin']] })],
    // Relative, because a proxy may have a prefix that nobody here knows.
    ['/docs/', async () => ({ status: 308, headers: [['Location', '../docs']], body: '' })],
    ...Array.from(files, ([name, file]) => [`/docs/${name}`, page(file, ASK_FIRST)] as const),
  ]);
}

/** In the published package the viewer lies beside the page; a checkout has its package. */
function viewerFolder(): URL {
  const copied = new URL('swagger-ui/', OWN);
  return existsSync(copied) ? copied : new URL('./', pathToFileURL(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')));
}

async function load(url: URL, contentType: string): Promise<StaticFile> {
  return staticFile(await readFile(url), contentType);
}

/** The page names each file with its version, so that browsers keep them until they change. */
async function loadHtml(files: ReadonlyMap<string, () => Promise<StaticFile>>): Promise<StaticFile> {
  let text = await readFile(new URL('index.html', OWN), 'utf8');
  for (const [name, file] of files) text = text.replaceAll(`"docs/${name}"`, `"docs/${name}?v=${(await file()).version}"`);
  return staticFile(Buffer.from(text), HTML);
}

/** Makes something when it is first asked for, and again only if that failed. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
