import type { IotAuthInfoChanges } from '../../../gen/keyturn/v1/iot_device.ts';
import { inputInvalid } from './refusals.ts';

/** 1 KB, as JSON without blanks in UTF-8. */
const MOST_EXTENSION_INFO = 1024;

/** Refuses a text that is there but empty, which the rules of a field take for none. */
export function refuseEmpty(field: string, value: string | undefined): void {
  if (value === '') throw inputInvalid(field, 'must not be empty');
}

/** One of the words, the first one if there is none. */
export function wordOf<const Word extends string>(field: string, value: string | undefined, words: readonly [Word, ...Word[]]): Word {
  const word = value === undefined ? words[0] : words.find((each) => each === value);
  if (word === undefined) throw inputInvalid(field, `expects ${words.join(' or ')}`);
  return word;
}

export function checkExtensionInfo(field: string, value: object | undefined): void {
  if (value === undefined || Buffer.byteLength(JSON.stringify(value)) <= MOST_EXTENSION_INFO) return;
  throw inputInvalid(field, `expects at most ${MOST_EXTENSION_INFO} bytes as JSON`);
}

/** Of `auth_info`. */
export function checkTimeout(field: string, authInfo: IotAuthInfoChanges | undefined): void {
  if ((authInfo?.timeout ?? 0) < 0) throw inputInvalid(field, 'expects 0 to 2147483647 seconds');
}
