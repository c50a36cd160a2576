import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { Asked } from './question.ts';

const PREFIX = 'sha256:';
const file = z.record(z.string().regex(/^[0-9a-f]{64}$/), z.string().min(1));

/** Documents that a request may name instead of giving them. */
export interface TrustedDocuments {
  /**
   * The request with the document that it names.
   * @throws AppError DOCUMENT_NOT_TRUSTED, BAD_ARGUMENT
   */
  resolve(asked: Asked): Asked;
  /**
   * Lets a document pass that may be executed.
   * @throws AppError DOCUMENT_NOT_TRUSTED
   */
  check(query: unknown): void;
}

/** The documents of a file by their SHA-256; none where there is no file. */
export async function loadTrustedDocuments(path: string | undefined, isOnly: boolean): Promise<TrustedDocuments> {
  if (path === undefined) return createTrustedDocuments({}, isOnly);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new AppError('CONFIG_INVALID', `${path}, the file of trusted documents, cannot be read.`, {}, error);
  });
  const parsed = file.safeParse(readJson(text));
  if (!parsed.success || Object.entries(parsed.data).some(([hash, document]) => hashOf(document) !== hash)) {
    throw new AppError('CONFIG_INVALID', `${path} is not a JSON object from SHA-256 to the document that has it.`);
  }
  return createTrustedDocuments(parsed.data, isOnly);
}

/**
 * `documents` by their SHA-256 in hex. A request names one by `documentId`, as the draft of GraphQL over HTTP has it
 * (Appendix A, Persisted Documents): `sha256:<hex>`. `isOnly`: no others are executed.
 */
export function createTrustedDocuments(documents: Readonly<Record<string, string>>, isOnly: boolean): TrustedDocuments {
  const known = new Map(Object.entries(documents));
  const find = (id: unknown): string => {
    const document = typeof id === 'string' && id.startsWith(PREFIX) ? known.get(id.slice(PREFIX.length)) : undefined;
    if (document !== undefined) return document;
    throw new AppError('DOCUMENT_NOT_TRUSTED', 'documentId: there is no document of this id here.');
  };
  const check = (query: unknown): void => {
    // What is no text is refused as a request.
    if (!isOnly || typeof query !== 'string' || known.has(hashOf(query))) return;
    throw new AppError('DOCUMENT_NOT_TRUSTED', 'Only documents that are known here are executed.');
  };
  return {
    check,
    resolve(asked) {
      const { id, query, replace } = partsOf(asked);
      if (id === undefined) {
        check(query);
        return asked;
      }
      if (query !== undefined) throw new AppError('BAD_ARGUMENT', 'documentId: the document is given too.');
      return replace(find(id));
    },
  };
}

interface Parts {
  readonly id: unknown;
  readonly query: unknown;
  /** The same request, with that document in place of its id. */
  readonly replace: (query: string) => Asked;
}

function partsOf(asked: Asked): Parts {
  const { method, search, body } = asked;
  if (method === 'GET') {
    const parameters = new URLSearchParams(search);
    const { documentId: id, query, ...rest } = Object.fromEntries(parameters);
    const replace = (document: string) => ({
      ...asked,
      search: `?${new URLSearchParams({ ...rest, query: document })}`,
    });
    return { id, query, replace };
  }
  if (typeof body !== 'object' || body === null || !('documentId' in body)) {
    return { id: undefined, query: (body as { query?: unknown } | undefined | null)?.query, replace: () => asked };
  }
  const { documentId: id, ...rest } = body;
  const query = 'query' in rest ? rest.query : undefined;
  return { id: id ?? undefined, query, replace: (document) => ({ ...asked, body: { ...rest, query: document } }) };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The name of a document. */
export function hashOf(document: string): string {
  return createHash('sha256').update(document).digest('hex');
}
