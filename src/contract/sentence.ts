const NUMBER = '<N>';

/** Whether a public sentence has a place for the number that its refusal brings along. */
export function hasNumber(sentence: string): boolean {
  return sentence.includes(NUMBER);
}

/** The sentence with the number in its place; as it is without a number. */
export function withNumber(sentence: string, number: number | undefined): string {
  return number === undefined ? sentence : sentence.replaceAll(NUMBER, String(number));
}
