import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { KEYTURN, operationsOf } from './document.ts';

const GOLDEN = new URL('../contract/routes.golden', import.meta.url);

/** What a line of the golden list says that a document has a place for. */
interface Route {
  readonly verb: string;
  readonly path: string;
  readonly hasBody: boolean;
  readonly operationId: string;
}

describe('the operations of the document', () => {
  const golden = readFileSync(GOLDEN, 'utf8').split('\n').filter((line) => line !== '').map(routeOf);
  const documented = operationsOf(KEYTURN).map(({ verb, path, operation }) => ({
    verb,
    path,
    hasBody: operation.requestBody !== undefined,
    operationId: operation.operationId,
  }));

  it('are the routes of routes.golden, with a body where those have one', () => {
    assert.deepEqual(documented.map(lineOf).toSorted(), golden.map(lineOf).toSorted());
  });

  it('are all of them', () => {
    assert.equal(documented.length, golden.length);
    assert.ok(golden.length > 60, String(golden.length));
  });
});

function routeOf(line: string): Route {
  const [verb = '', path = '', body = '', , method = ''] = line.split(' ');
  return { verb, path, hasBody: body !== '-', operationId: method.replace(/^.*\.(\w+)\/(\w+)$/, '$1_$2') };
}

function lineOf({ verb, path, hasBody, operationId }: Route): string {
  return `${verb} ${path} ${hasBody ? 'body' : '-'} ${operationId}`;
}
