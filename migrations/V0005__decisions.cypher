// What people have decided, newest first: most claims have no author, and cost nothing here.
CREATE INDEX uses_author IF NOT EXISTS FOR ()-[r:USES]-() ON (r.author);
CREATE INDEX dismissed_author IF NOT EXISTS FOR ()-[r:DISMISSED]-() ON (r.author);
CREATE INDEX same_as_author IF NOT EXISTS FOR ()-[r:SAME_AS]-() ON (r.author);
CREATE INDEX ownership_author IF NOT EXISTS FOR ()-[r:OWNERSHIP_CLAIM]-() ON (r.author);
