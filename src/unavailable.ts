/** Something outside the process, such as the database, does not answer; it says nothing about the request itself. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
