/** Goes on with a value at once, or where it is a promise, once it is there. */
export function andThen<T, R>(
  value: T | Promise<T>,
  continueWith: (value: T) => R | Promise<R>,
): R | Promise<R> {
  return value instanceof Promise ? value.then((settled) => continueWith(settled)) : continueWith(value);
}
