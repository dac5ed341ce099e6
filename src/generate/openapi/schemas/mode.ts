import { JsonInput, JsonNames, JsonUnset } from '../../../../gen/keyturn/options/v1/options.ts';
import type { JsonStyle } from '../../../contract/json/write.ts';

/** How a value is written: as JSON of a request or an answer, or as the text of a form, a query or a path. */
export type Mode =
  | { readonly way: 'request'; readonly input: JsonInput; readonly jsonNames: JsonNames }
  | ({ readonly way: 'answer' } & JsonStyle)
  | { readonly way: 'text' };

const UNSET: ReadonlyMap<JsonUnset, string> = new Map([
  [JsonUnset.JSON_UNSET_DEFAULT, 'WithDefaults'],
  [JsonUnset.JSON_UNSET_NULL, 'WithNulls'],
]);

/** Whether null members count as missing, and unknown ones are dropped. */
export function isVendor(mode: Mode): boolean {
  return mode.way === 'request' && mode.input === JsonInput.JSON_INPUT_VENDOR;
}

/** The mode in a word that can be a part of a name. */
export function wordOf(mode: Mode): string {
  if (mode.way === 'text') return 'Form';
  const names = mode.jsonNames === JsonNames.JSON_NAMES_JSON ? 'ByJsonName' : '';
  if (mode.way === 'request') return `${isVendor(mode) ? 'Vendor' : ''}Input${names}`;
  return `Answer${UNSET.get(mode.jsonUnset) ?? ''}${names}`;
}
