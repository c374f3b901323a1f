#include <gtest/gtest.h>

#include "drill/report.h"

namespace farshore::drill {
namespace {

using namespace std::chrono_literals;

wire::ClientRequest request(
    std::int64_t at_ms,
    bool ok,
    std::string kind = "view",
    std::string write = {},
    std::string region = "us-east-1"
) {
    static std::int64_t number = 0;
    return {
        .number = ++number,
        .shopper = "shopper-1",
        .kind = std::move(kind),
        .write = std::move(write),
        .intended = utc_from_ms(at_ms),
        .ended = utc_from_ms(at_ms + 5),
        .status = ok ? 200 : 0,
        .ok = ok,
        .error = ok ? "" : "timed out",
        .host = ok ? "use1-web-1" : "",
        .region = ok ? std::move(region) : ""
    };
}

Span all() {
    return {.from = utc_from_ms(0), .until = utc_from_ms(1'000'000)};
}

TEST(Outage, RunsFromTheFirstFailureToTheFirstRequestOfThreeQuietSeconds) {
    Log log;
    for (std::int64_t t = 1000; t < 20'000; t += 100) {
        const bool down = t >= 5000 && t < 6500;
        const bool blip = t == 8000;
        log.push_back(request(t, !down && !blip));
    }
    const auto outage = measure_outage(log, all());
    ASSERT_TRUE(outage.has_value());
    EXPECT_EQ(outage->first_failed, utc_from_ms(5000));
    EXPECT_EQ(outage->rto(), 3100ms) << "the blip after 1.5 s of quiet belongs to the outage";
    EXPECT_EQ(outage->failed, 16U);
    EXPECT_EQ(outage->failed_after_stable, 0U);
}

TEST(Outage, IsNotOverBeforeTheQuietTimeWasSeen) {
    Log log{request(1000, true), request(2000, false), request(3000, true), request(4000, true)};
    const auto outage = measure_outage(log, {.from = utc_from_ms(0), .until = utc_from_ms(5000)});
    ASSERT_TRUE(outage.has_value());
    EXPECT_FALSE(outage->rto().has_value());
}

TEST(Outage, NoFailureIsNoOutage) {
    EXPECT_FALSE(measure_outage({request(1, true)}, all()).has_value());
}

TEST(Outage, ALogThatIsOutOfOrderMeansTheSame) {
    Log log;
    for (std::int64_t t = 1000; t < 9000; t += 100) {
        log.push_back(request(t, t < 2000 || t >= 2300));
    }
    const auto forward = measure_outage(log, all());
    std::ranges::reverse(log);
    EXPECT_EQ(forward->rto(), measure_outage(log, all())->rto());
    EXPECT_EQ(forward->rto(), 300ms);
}

TEST(DnsTail, EndsWithTheLastUseOfTheOldRegion) {
    const Log log{
        request(1000, true),
        request(2000, true),
        request(2500, true, "view", "", "eu-west-1"),
        request(3000, true),
        request(4000, true, "view", "", "eu-west-1")
    };
    EXPECT_EQ(measure_dns_tail(log, utc_from_ms(1500), utc_from_ms(9000), "us-east-1"), 1500ms);
    EXPECT_FALSE(
        measure_dns_tail(log, utc_from_ms(3500), utc_from_ms(9000), "us-east-1").has_value()
    );
}

Log five_adds() {
    Log log;
    for (int i = 1; i <= 5; ++i) {
        log.push_back(request(1000 + i, i != 5, "add", "s1-" + std::to_string(i)));
    }
    return log;
}

BookedWrite booked(std::string fate) {
    return {
        .table = "carts",
        .key = R"({"id":{"S":"cart#shopper-1"}})",
        .fate = std::move(fate),
        .acknowledged_at = utc_from_ms(1004),
        .operation = "UpdateItem"
    };
}

TEST(Books, BalanceWhenTheLossBookNamesEveryLostWrite) {
    const Carts carts{{"shopper-1", {"s1-1", "s1-2", "s1-5"}}};
    const Books books = keep_books(
        five_adds(),
        {carts, carts},
        {booked("suppressed"), booked("suppressed"), booked("applied_late")},
        "carts"
    );
    EXPECT_TRUE(books.balance()) << books.differences.front();
    EXPECT_EQ(books.acknowledged, 4U);
    EXPECT_EQ(books.present, 2U);
    EXPECT_EQ(books.lost, 2U);
    EXPECT_EQ(books.at_risk, 3U);
    EXPECT_EQ(books.applied_late, 1U);
    EXPECT_EQ(books.present_without_acknowledgement, 1U);
}

TEST(Books, TheCartsDecideWhatTheItemsDoNotTell) {
    const Carts lost_one{{"shopper-1", {"s1-1", "s1-2", "s1-3"}}};
    const auto decided =
        decided_by_carts({booked("unknown"), booked("unknown")}, five_adds(), lost_one, "carts");
    EXPECT_EQ(decided[0].fate, "suppressed");
    EXPECT_EQ(decided[1].fate, "applied_late");
    EXPECT_TRUE(keep_books(five_adds(), {lost_one, lost_one}, decided, "carts").balance());
    const auto elsewhere =
        decided_by_carts({booked("unknown")}, five_adds(), lost_one, "another table");
    EXPECT_EQ(elsewhere[0].fate, "unknown") << "only carts have lines with names";
}

TEST(Books, DoNotBalanceWhenALossIsNotNamed) {
    const Carts carts{{"shopper-1", {"s1-1", "s1-2"}}};
    EXPECT_FALSE(keep_books(five_adds(), {carts, carts}, {booked("suppressed")}, "carts").balance()
    );
    EXPECT_FALSE(keep_books(
                     five_adds(),
                     {carts, carts},
                     {booked("suppressed"), booked("suppressed"), booked("suppressed")},
                     "carts"
    )
                     .balance());
}

TEST(Books, DoNotBalanceWithDoubledLinesUnsettledWritesOrUnequalRegions) {
    const Carts whole{{"shopper-1", {"s1-1", "s1-2", "s1-3", "s1-4"}}};
    EXPECT_TRUE(keep_books(five_adds(), {whole, whole}, {}, "carts").balance());
    const Carts doubled{{"shopper-1", {"s1-1", "s1-2", "s1-3", "s1-4", "s1-4"}}};
    EXPECT_FALSE(keep_books(five_adds(), {doubled, doubled}, {}, "carts").balance());
    EXPECT_FALSE(keep_books(five_adds(), {whole, whole}, {booked("at_risk")}, "carts").balance());
    EXPECT_FALSE(keep_books(five_adds(), {whole, Carts{}}, {}, "carts").balance());
}

TEST(ClientLog, SurvivesTheTripAndLeavesOutACutLine) {
    const wire::ClientRequest sent = request(1234, false, "add", "s-\"1\"");
    const auto parsed =
        wire::parse_client_log(wire::to_line(sent) + "\n" + wire::to_line(sent) + "\n{\"number\":");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().text;
    ASSERT_EQ(parsed->size(), 2U);
    EXPECT_EQ(parsed->front().write, sent.write);
    EXPECT_EQ(parsed->front().intended, sent.intended);
    EXPECT_FALSE(wire::parse_client_log("{\"number\":-1}\n").has_value());
}

StoryRecord told() {
    StoryRecord story;
    story.id = "drill-1";
    story.story = "dynamodb";
    story.title = "DynamoDB of us-east-1 is lost </script><b>";
    story.preferred = "us-east-1";
    story.standby = "eu-west-1";
    story.started = utc_from_ms(0);
    story.ended = utc_from_ms(60'000);
    story.fault_span = {.from = utc_from_ms(10'000), .until = utc_from_ms(25'000)};
    story.switchover_requested = utc_from_ms(40'000);
    story.fault_seen_by_agents = true;
    story.failover = {
        {"id", "op-1"},
        {"outcome", "done"},
        {"started_at_ms", 13'500},
        {"first_failure_at_ms", 10'400}
    };
    story.switchover = {{"id", "op-2"}, {"outcome", "done"}};
    for (std::int64_t t = 0; t < 60'000; t += 100) {
        story.log.push_back(request(t, t < 13'000 || t >= 14'000));
    }
    return story;
}

TEST(Report, PassesOnlyWhenEveryObjectiveIsMet) {
    EXPECT_TRUE(passed(report_document(told()))) << report_table(report_document(told()));
    StoryRecord slow = told();
    slow.objectives.rto = 900ms;
    EXPECT_FALSE(passed(report_document(slow)));
    StoryRecord harmless = told();
    harmless.fault_seen_by_agents = false;
    EXPECT_FALSE(passed(report_document(harmless))) << "a fault that did not bite proves nothing";
    StoryRecord failed_switchover = told();
    failed_switchover.log.push_back(request(45'000, false));
    EXPECT_FALSE(passed(report_document(failed_switchover)));
    StoryRecord unbalanced = told();
    unbalanced.books.differences.emplace_back("one write is missing");
    EXPECT_FALSE(passed(report_document(unbalanced)));
    StoryRecord half = told();
    half.failover["outcome"] = "partly_done";
    EXPECT_FALSE(passed(report_document(half)));
}

TEST(Report, NumbersAreThoseOfTheLog) {
    const boost::json::object report = report_document(told());
    const auto& clock = report.at("phase_clock").as_object();
    EXPECT_EQ(clock.at("rto_ms"), 1000);
    EXPECT_EQ(clock.at("detect_ms"), 400);
    EXPECT_EQ(clock.at("decide_ms"), 3100);
    EXPECT_EQ(report.at("traffic").as_object().at("failover").as_object().at("failed"), 10);
    EXPECT_EQ(report.at("traffic").as_object().at("whole").as_object().at("requests"), 600);
}

TEST(Report, WhatHappenedInOneMillisecondStaysInTheOrderOfTheJournal) {
    StoryRecord story = told();
    story.marks.clear();
    for (int i = 0; i < 100; ++i) {
        story.marks.push_back(
            {.at = utc_from_ms(i < 50 ? 1000 : 900), .what = "step", .text = std::to_string(i)}
        );
    }
    std::string order;
    const auto document = report_document(story);
    for (const auto& mark : document.at("timeline").as_array()) {
        order += std::string{mark.at("text").as_string()} + " ";
    }
    std::string wanted;
    for (int i = 0; i < 100; ++i) {
        wanted += std::to_string((i + 50) % 100) + " ";
    }
    EXPECT_EQ(order, wanted);
}

TEST(Report, ThePageCannotBeBrokenByItsData) {
    const std::string html = report_html(report_document(told()));
    EXPECT_EQ(html.find("lost </script>"), std::string::npos);
    EXPECT_NE(html.find("lost \\u003c/script>"), std::string::npos);
    EXPECT_EQ(html.find("@REPORT@"), std::string::npos);
    EXPECT_EQ(html.find("http://", 0), html.find("http://www.w3.org"))
        << "nothing is loaded from elsewhere";
}

}  // namespace
}  // namespace farshore::drill
