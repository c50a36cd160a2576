import { AppError } from '../errors.ts';
import type { Driver } from './driver.ts';
import { inSession } from './offsets.ts';
import { run } from './statement.ts';
import { claimDigest } from './statements/digest.ts';

/**
 * The graph is a function of the accepted events and of the rules, governance and suffix list they were read with. Their
 * digest is stored with the first use; a graph that was made with others must be built again.
 * @throws AppError DIGEST_CHANGED
 */
export async function checkDigest(driver: Driver, digest: string): Promise<void> {
  const rows = await inSession(driver, 'WRITE', (tx) => run(tx, claimDigest, { digest }));
  const stored = rows[0]?.digest;
  if (stored === undefined) {
    throw new AppError('DATABASE_UNAVAILABLE', 'The database is not migrated yet: run "npm run avd -- migrate".');
  }
  if (stored !== digest) {
    throw new AppError(
      'DIGEST_CHANGED',
      'This graph was built with other rules, sources or public suffixes; build it again with ' +
        '"npm run avd -- replay --into <url of an empty database>".',
      { stored, digest },
    );
  }
}
