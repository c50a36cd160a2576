// What customers were warned of.
CREATE CONSTRAINT alert_id IF NOT EXISTS FOR (a:Alert) REQUIRE a.id IS UNIQUE;
CREATE INDEX alert_sequence IF NOT EXISTS FOR (a:Alert) ON (a.portfolio, a.sequence);
