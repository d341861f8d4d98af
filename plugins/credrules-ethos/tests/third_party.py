"""Run apart from the tests, by test_third_party.py: reads the service with somebody else's client, unchanged."""

from __future__ import annotations

import json
import sys

from EllucianEthosPythonClient import EllucianEthosAPIClient


def main(url, key):
    client = EllucianEthosAPIClient(baseURL=url)
    session = client.getLoginSessionFromAPIKey(key)
    grades = client.getResourceIterator(session, "student-transcript-grades", version="1", pageSize=4)
    persons = client.getResourceIterator(session, "persons", version="12", pageSize=2)
    people = [one.dict["id"] for one in persons]
    told = list(client.getChangeNotificationIterator(session, pageLimit=2, maxRequests=5))
    json.dump(
        {
            "grades": len(list(grades)),
            "persons": len(people),
            "version": client.getResource(session, "persons", people[0], version="12").version,
            "nobody": client.getResource(session, "persons", "nobody", version="12"),
            "told": [
                [one.operation, one.resourceName, one.resourceVersion, one.resourceWrapper is None] for one in told
            ],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
