/**
 * Waiting that a signal or a time ends: for work that may never be done, as a broker's answer, when something else has
 * failed. The work itself is not stopped.
 */

/** What `work` resolves with, or undefined as soon as the signal aborts. Leaves no listener behind. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  // Left alone after an abort, it fails when the connection is closed: nobody is to hear of that.
  work.catch(() => {});
  if (signal.aborted) return undefined;
  let stop = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Whether `work` is done within this time; where it fails within it, its error comes through. */
export async function isDoneWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const isDone = work.then(() => true);
  return (await unlessAborted(isDone, AbortSignal.timeout(ms))) ?? false;
}
