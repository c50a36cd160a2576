// What the questions search by. Parts of a name only for vendors and organizations: a domain that nobody uses is found by
// how it begins, which costs the writer nothing.
CREATE TEXT INDEX vendor_name_part IF NOT EXISTS FOR (v:Vendor) ON (v.name);
CREATE TEXT INDEX organization_name_part IF NOT EXISTS FOR (o:Organization) ON (o.matchName);
CREATE FULLTEXT INDEX incident_title IF NOT EXISTS FOR (i:Incident) ON EACH [i.title];
CREATE INDEX incident_reported IF NOT EXISTS FOR (i:Incident) ON (i.reportedAt);
