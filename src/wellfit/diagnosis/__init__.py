"""Why a network does not do what it should: one file a cause, evidence in, finding out."""
