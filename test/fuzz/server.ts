import { generateContract } from '../transcoder/contract.ts';
import { startTranscoder } from '../transcoder/service.ts';
import type { FuzzRoute } from './corpus.ts';
import { reportTo } from './reports.ts';

/** The process of the contract of the transcoder tests. */
const { contract } = await generateContract();
const transcoder = await startTranscoder();

const rules = contract.services.flatMap(({ methods }) => methods.flatMap(({ http }) => http));
const routes = rules.flatMap(({ pattern, body }): FuzzRoute[] => {
  if (pattern === undefined) return [];
  if (pattern.$case === 'custom') return [{ method: pattern.value.kind === '*' ? 'GET' : pattern.value.kind, template: pattern.value.path, hasBody: body !== '' }];
  return [{ method: pattern.$case.toUpperCase(), template: pattern.value, hasBody: body !== '' }];
});
reportTo({ lines: transcoder.lines, port: Number(new URL(transcoder.url).port), corpus: { kind: 'transcoder', routes } }, async () => {});
