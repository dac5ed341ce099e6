// What npm start runs. Plain JavaScript, because the first TypeScript file that is not in the cache brings in the
// stripper of types, which costs 16 MB and a part of the start.
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

// Stripped and compiled modules, written when the process ends, and checked against the sources when they are read.
// They are code, so they lie where only whoever may write the code may write. Where that is not this user, there is no
// cache and nothing else is different.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/keyturn', import.meta.url)));

// Loading leaves much garbage at once. Left to itself, V8 makes room for it that it does not give back.
setFlagsFromString('--semi-space-growth-factor=1');
await import('./serve.ts');
setFlagsFromString('--semi-space-growth-factor=2');

await import('./main.ts');
