// What the facts are found by. Every statement may be run again.
CREATE CONSTRAINT domain_name IF NOT EXISTS FOR (d:Domain) REQUIRE d.name IS UNIQUE;
CREATE CONSTRAINT organization_key IF NOT EXISTS FOR (o:Organization) REQUIRE o.key IS UNIQUE;
CREATE CONSTRAINT incident_key IF NOT EXISTS FOR (i:Incident) REQUIRE i.key IS UNIQUE;
CREATE CONSTRAINT source_id IF NOT EXISTS FOR (s:Source) REQUIRE s.id IS UNIQUE;
CREATE CONSTRAINT stream_offset_id IF NOT EXISTS FOR (o:StreamOffset) REQUIRE o.id IS UNIQUE;
CREATE CONSTRAINT outbox_id IF NOT EXISTS FOR (o:Outbox) REQUIRE o.id IS UNIQUE;
CREATE CONSTRAINT graph_lock_name IF NOT EXISTS FOR (l:GraphLock) REQUIRE l.name IS UNIQUE;
CREATE CONSTRAINT graph_digest_name IF NOT EXISTS FOR (g:GraphDigest) REQUIRE g.name IS UNIQUE;
CREATE INDEX organization_canonical IF NOT EXISTS FOR (o:Organization) ON (o.canonical);
CREATE INDEX organization_name IF NOT EXISTS FOR (o:Organization) ON (o.name);
CREATE INDEX organization_match_name IF NOT EXISTS FOR (o:Organization) ON (o.matchName);
CREATE INDEX vendor_name IF NOT EXISTS FOR (v:Vendor) ON (v.name);
CREATE INDEX ownership_claim_source IF NOT EXISTS FOR ()-[c:OWNERSHIP_CLAIM]-() ON (c.source);
CREATE INDEX same_as_source IF NOT EXISTS FOR ()-[c:SAME_AS]-() ON (c.source);
// Locks are taken by removing a property that is never there, which needs its name to be known to the database.
MERGE (l:GraphLock {name: 'merges'}) SET l.lock = false;
// Which database this is: whoever remembers something about the graph forgets it when the id is another.
MERGE (g:GraphDigest {name: 'graph'}) ON CREATE SET g.id = randomUUID();
