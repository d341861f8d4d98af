"""Run apart from the tests, by test_third_party.py: reads the service with somebody else's client, unchanged."""

from __future__ import annotations

import json
import sys

import oneroster_client as peer


def main(url, token):
    configuration = peer.Configuration()
    configuration.host = f"{url}/ims/oneroster/v1p1"
    configuration.access_token = token
    client = peer.ApiClient(configuration)
    results = peer.ResultsManagementApi(client)
    users = []
    while (
        page := peer.StudentsManagementApi(client)
        .get_students(limit=2, offset=len(users), sort="sourcedId", order_by="asc")
        .users
    ):
        users.extend(page)
    json.dump(
        {
            "students": [one.sourced_id for one in users],
            "families": [one.family_name for one in users],
            "terms": [
                str(one.start_date)
                for one in peer.AcademicSessionsManagementApi(client).get_academic_sessions().academic_sessions
            ],
            "courses": [one.course_code for one in peer.CoursesManagementApi(client).get_courses().courses],
            "classes": [one.terms[0].sourced_id for one in peer.ClassesManagementApi(client).get_classes().classes],
            "enrollments": len(peer.EnrollmentsManagementApi(client).get_enrollments(limit=100).enrollments),
            "categories": [one.title for one in peer.CategoriesManagementApi(client).get_categories().categories],
            "line items": [one.title for one in peer.LineItemsManagementApi(client).get_line_items().line_items],
            "results": [
                one.score_status for one in results.get_results_for_line_item_for_class("CL1", "CL1-final").results
            ],
            "filtered": [one.sourced_id for one in results.get_results(filter="sourcedId='R-CL1-final-U0002'").results],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
