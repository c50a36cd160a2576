// Dependencies point one way: main → api → queries → graph, and main → consumers → (stream, identity, graph/actions).
const only = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** A folder of the code, and what it may import of the others. */
const layer = (path, allowed) =>
  only(
    `layer-${path.replace('src/', '')}`,
    `${path} may import only: ${['itself', 'errors.ts', 'logger.ts', 'program.ts', 'yaml.ts', ...allowed].join(', ')}.`,
    { path: `^${path}/` },
    {
      path: '^(src|consumers|test|bench|scripts)/',
      pathNot: [`^${path}/`, '^src/(errors|logger|program|yaml)\\.ts$', ...allowed.map((one) => `^${one}`)],
    },
  );

module.exports = {
  forbidden: [
    only('no-cycles', 'A cycle has no beginning to read from.', {}, { circular: true }),
    only(
      'no-orphans',
      'Nothing imports it, and it starts nothing.',
      { orphan: true, pathNot: ['\\.d\\.ts$', '\\.cjs$', 'vitest\\.config\\.ts$', '^scripts/'] },
      {},
    ),
    only('resolvable', 'What is imported has to be there.', {}, { couldNotResolve: true }),
    only(
      'no-undeclared-packages',
      'A package that package.json does not name.',
      {},
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    only(
      'no-dev-packages',
      'What runs may not need what only tests have.',
      { path: '^(src|consumers)/' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),

    layer('src/identity', []),
    layer('src/stream', []),
    layer('src/detection', ['src/identity/']),
    layer('src/graph', ['src/identity/', 'src/stream/generated/', 'src/stream/topics.ts']),
    layer('src/governance', ['src/stream/', 'src/identity/', 'src/graph/actions.ts']),
    layer('consumers', ['src/stream/', 'src/identity/', 'src/graph/actions.ts', 'src/detection/', 'src/governance/']),
    layer('src/queries', ['src/graph/', 'src/identity/', 'src/governance/']),
    layer('src/exposure', ['src/queries/', 'src/graph/', 'src/stream/', 'src/identity/', 'src/governance/']),
    layer('src/alerts', [
      'src/queries/',
      'src/graph/',
      'src/identity/',
      'src/stream/generated/',
      'src/stream/topics.ts',
    ]),
    layer('src/api', ['src/queries/', 'src/identity/', 'src/governance/', 'src/graph/actions.ts']),
    layer('src/local', ['src/config.ts']),

    only(
      'one-importer-of-kafkajs',
      'Only src/stream speaks to Kafka.',
      { pathNot: '^(src/stream|test|bench)/' },
      { path: 'node_modules/kafkajs' },
    ),
    only(
      'one-importer-of-neo4j',
      'Only src/graph builds the driver.',
      { pathNot: '^(src/graph|test|bench)/' },
      { path: 'node_modules/neo4j-driver' },
    ),
    only(
      'graphql-at-the-edge',
      'The domain knows nothing of GraphQL.',
      { path: '^(src|consumers)/', pathNot: '^src/api/' },
      { path: 'node_modules/(graphql|@apollo|@graphql-tools)/' },
    ),
    only(
      'sources-without-tests',
      'What runs never imports tests, benchmarks or scripts.',
      { path: '^(src|consumers)/' },
      { path: '^(test|bench|scripts)/' },
    ),
    only(
      'main-is-the-root',
      'Parts meet in src/main; nobody imports it but tests and benchmarks.',
      { path: '^(src|consumers)/', pathNot: '^src/main/' },
      { path: '^src/main/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.json'],
      conditionNames: ['import', 'node', 'types', 'default'],
      mainFields: ['main', 'types', 'typings'],
      exportsFields: ['exports'],
    },
  },
};
