import type { GeneratedFile } from '@bufbuild/protoplugin';
import type { Service } from '../../contract/model.ts';
import { patternOf } from '../../transport/rest/binding/checks.ts';

/** Prints the client of a service. */
export function printService(file: GeneratedFile, { desc, methods }: Service): void {
  file.print('/** The REST paths of ', desc.name, ' by call, as google.api.http has them. */');
  file.print('export const ', desc.name, 'Paths = {');
  for (const { desc: method, http } of methods) {
    const [rule] = http;
    if (rule !== undefined) file.print('  ', method.localName, ': ', JSON.stringify(patternOf(rule)), ',');
  }
  file.print('} as const;');
}
