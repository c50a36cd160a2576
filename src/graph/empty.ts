import { AppError } from '../errors.ts';
import type { Driver } from './driver.ts';
import { inSession } from './offsets.ts';
import { run } from './statement.ts';
import { anyContent } from './statements/empty.ts';

/** @throws AppError USAGE where the database holds anything but what migrations make */
export async function requireEmpty(driver: Driver): Promise<void> {
  const [found] = await inSession(driver, 'READ', (tx) => run(tx, anyContent, {}));
  if (found === undefined) return;
  throw new AppError('USAGE', `The database is not empty: it holds a node (:${found.labels.join(':')}).`);
}
