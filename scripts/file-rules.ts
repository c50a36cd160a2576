/** What no file of the repository may hold, whoever wrote it. */
const FORBIDDEN: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'a path of somebody’s machine', pattern: /(?<![\w./~-])\/(?:work|root|Users|home\/[a-z]\w*)\/[\w.-]/ },
  {
    what: 'the host of a package registry',
    pattern: /\bregistry\.[a-z0-9-]+\.[a-z]+|\b(?:artifactory|verdaccio|nexus)\.[\w.-]+/i,
  },
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/ },
  {
    what: 'an access key',
    pattern:
      /\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|npm_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[\w-]{35})\b/,
  },
  { what: 'a web token', pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/ },
  {
    what: 'the credentials of a URL',
    pattern: /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@'"`<>${}]+:[^\s/:@'"`<>${}]+@(?![\w.-]*\.example\b)[\w.-]+/,
  },
];

/** A file may be this large, in bytes, unless it is listed in {@link LARGE_FILES}. */
export const LARGEST_FILE = 1_000_000;

/** The files that are larger on purpose, each with its bound. */
export const LARGE_FILES: Readonly<Record<string, number>> = {
  'sample/imc2020/site-dependencies.csv.gz': 1_600_000,
};

/** All that the repository holds together, in bytes. */
export const LARGEST_REPOSITORY = 15_000_000;

export interface RepositoryFile {
  /** From the repository's root. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** What is wrong with a file, one sentence each; none where it may stay. */
export function problemsOf({ path, bytes }: RepositoryFile): readonly string[] {
  const problems: string[] = [];
  const bound = LARGE_FILES[path] ?? LARGEST_FILE;
  if (bytes.length > bound) problems.push(`${path} has ${bytes.length} bytes, and ${bound} are allowed.`);
  if (/(^|\/)\.(npmrc|env)$/.test(path)) problems.push(`${path} is one machine's own settings.`);
  // A NUL byte says that it is no text.
  if (bytes.includes(0)) return problems;
  const text = bytes.toString('utf8');
  for (const { what, pattern } of FORBIDDEN) {
    const found = pattern.exec(text);
    if (found)
      problems.push(`${path}:${text.slice(0, found.index).split('\n').length} names ${what}: ${found[0].slice(0, 60)}`);
  }
  if (path === 'package-lock.json' && /"resolved":/.test(text)) {
    problems.push('package-lock.json says where packages were fetched from: remove its "resolved" lines.');
  }
  return problems;
}
