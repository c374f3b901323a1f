#include <cstdlib>
#include <filesystem>
#include <sys/stat.h>

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

// Two writes of one cart in one outage: which of them is lost is not a matter of numbers.
TEST(Books, ComparesWritesAndNotOnlyTheirNumber) {
    Log log{request(1000, true, "add", "s1-1"), request(2000, true, "add", "s1-2")};
    auto first = booked("suppressed");
    auto second = booked("applied_late");
    first.acknowledged_at = utc_from_ms(1003);
    second.acknowledged_at = utc_from_ms(2003);
    first.host = second.host = "use1-web-1";
    const Carts second_is_there{{"shopper-1", {"s1-2"}}};
    const Carts first_is_there{{"shopper-1", {"s1-1"}}};
    const auto good = keep_books(log, {second_is_there}, {first, second}, "carts");
    EXPECT_TRUE(good.balance()) << good.differences.front();
    EXPECT_EQ(good.matched, 2U);
    const auto swapped = keep_books(log, {first_is_there}, {first, second}, "carts");
    ASSERT_EQ(swapped.differences.size(), 2U);
    EXPECT_EQ(swapped.differences[0], "write s1-1 is booked as suppressed and is there");
    EXPECT_EQ(swapped.differences[1], "write s1-2 is booked as applied_late and is not there");

    // The carts tell of each write by itself, too.
    auto unknown = first;
    unknown.fate = "unknown";
    const auto decided = decided_by_carts({unknown, second}, log, second_is_there, "carts");
    EXPECT_EQ(decided[0].fate, "suppressed");
    EXPECT_TRUE(decided[0].decided_by_carts);
    EXPECT_FALSE(decided[1].decided_by_carts);
    EXPECT_EQ(keep_books(log, {second_is_there}, decided, "carts").decided_by_carts, 1U);
}

TEST(Books, AWriteWhoseShopperGotAnErrorIsNotMissed) {
    // The agent acknowledged it; the answer did not reach the shopper.
    const Log log{request(1000, false, "add", "s1-1")};
    auto lost = booked("suppressed");
    lost.acknowledged_at = utc_from_ms(1002);
    lost.host = "use1-web-1";
    EXPECT_TRUE(keep_books(log, {Carts{}}, {lost}, "carts").balance());
}

TEST(Books, WhereTwoRequestsCouldBeMeantTheNumberCounts) {
    const Log log{request(1000, true, "add", "s1-1"), request(1002, true, "add", "s1-2")};
    auto either = booked("suppressed");
    either.acknowledged_at = utc_from_ms(1003);
    for (const char* there : {"s1-1", "s1-2"}) {
        const Carts carts{{"shopper-1", {there}}};
        const Books books = keep_books(log, {carts}, {either}, "carts");
        EXPECT_TRUE(books.balance()) << there;
        EXPECT_EQ(books.matched, 0U);
    }
    EXPECT_FALSE(keep_books(log, {Carts{}}, {either}, "carts").balance());
    EXPECT_FALSE(
        keep_books(log, {Carts{{"shopper-1", {"s1-1", "s1-2"}}}}, {either}, "carts").balance()
    );
}

// What is in the carts and not in the log was asked for by a load whose log was cut.
TEST(Books, ALineThatNoRequestAddedIsADifference) {
    const Carts carts{{"shopper-1", {"s1-1", "s1-2", "s1-3", "s1-4", "s1-99"}}};
    const Books books = keep_books(five_adds(), {carts, carts}, {}, "carts");
    EXPECT_EQ(books.unexplained, 1U);
    ASSERT_EQ(books.differences.size(), 1U);
    EXPECT_EQ(books.differences[0], "1 lines in carts that no request of the log added");
}

TEST(Books, CountsWhatOtherWritersMayHaveLost) {
    const Carts whole{{"shopper-1", {"s1-1", "s1-2", "s1-3", "s1-4"}}};
    BookedWrite counter = booked("unknown");
    counter.key = R"({"id":{"S":"counter-1"}})";
    const auto decided = decided_by_carts({counter}, five_adds(), whole, "carts");
    const Books books = keep_books(five_adds(), {whole, whole}, decided, "carts");
    EXPECT_EQ(books.undecided, 1U) << "only carts have lines with names";
    EXPECT_TRUE(books.balance());
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
    story.rate = 10;
    for (std::int64_t t = 0; t < 60'000; t += 100) {
        story.log.push_back(request(t, t < 13'000 || t >= 14'000));
        story.log.back().number = t / 100;
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
    failed_switchover.log[450].ok = false;
    EXPECT_FALSE(passed(report_document(failed_switchover)));
    StoryRecord unbalanced = told();
    unbalanced.books.differences.emplace_back("one write is missing");
    EXPECT_FALSE(passed(report_document(unbalanced)));
    StoryRecord half = told();
    half.failover["outcome"] = "partly_done";
    EXPECT_FALSE(passed(report_document(half)));
}

std::string findings_of(const StoryRecord& story) {
    std::string all;
    const auto report = report_document(story);
    for (const auto& text : report.at("findings").as_array()) {
        all += (all.empty() ? "" : " | ") + std::string{text.as_string()};
    }
    EXPECT_EQ(passed(report), all.empty());
    return all;
}

TEST(Report, ASecondOutageIsAFinding) {
    StoryRecord story = told();
    for (std::size_t i = 250; i < 260; ++i) {
        story.log[i].ok = false;
    }
    EXPECT_EQ(
        findings_of(story),
        "10 requests failed after the shop had become stable again: a second outage"
    );
    const auto report = report_document(story);
    EXPECT_EQ(report.at("phase_clock").as_object().at("failed_after_stable"), 10);
    EXPECT_EQ(report.at("phase_clock").as_object().at("rto_ms"), 1000);
    EXPECT_NE(report_table(report).find("after it was stable             10\n"), std::string::npos)
        << report_table(report);
}

TEST(Report, FailuresBeforeTheFaultAreAFinding) {
    StoryRecord story = told();
    story.log[50].ok = false;
    EXPECT_EQ(findings_of(story), "1 requests failed before the fault");
    // One that the fault met on its way is the fault's.
    story.log[50].ok = true;
    story.log[99].ok = false;
    story.log[99].ended = story.fault_span.from + 40ms;
    EXPECT_EQ(findings_of(story), "");
}

TEST(Report, AShopThatDoesNotComeBackIsAFinding) {
    StoryRecord story = told();
    for (std::size_t i = 130; i < 400; i += 5) {
        story.log[i].ok = false;
    }
    EXPECT_EQ(findings_of(story), "the shop did not become stable again before the switchover");
    EXPECT_TRUE(report_document(story).at("phase_clock").as_object().at("rto_ms").is_null());
}

TEST(Report, NoFailedRequestAtAllIsAnRtoOfNothing) {
    StoryRecord story = told();
    for (wire::ClientRequest& each : story.log) {
        each.ok = true;
    }
    EXPECT_EQ(findings_of(story), "");
    const auto report = report_document(story);
    EXPECT_EQ(report.at("phase_clock").as_object().at("rto_ms"), 0);
    EXPECT_TRUE(report.at("phase_clock").as_object().at("first_failed_request").is_null());
}

TEST(Report, ALostWriteOfTheSwitchoverIsAFinding) {
    StoryRecord story = told();
    story.books.lost = 2;
    for (const std::int64_t at : {13'000, 45'000}) {
        story.books.lost_writes.push_back(
            {.id = "s1-1", .shopper = "shopper-1", .acknowledged_at = utc_from_ms(at)}
        );
    }
    story.objectives.rpo = 1h;
    EXPECT_EQ(findings_of(story), "1 acknowledged writes of the switchover are lost");
    story.objectives.switchover_lost_max = 1;
    EXPECT_EQ(findings_of(story), "");
    story.objectives.rpo = 5s;
    EXPECT_EQ(findings_of(story), "writes were lost over 32s, above the RPO of 5s");
}

TEST(Report, ALoadThatDiedProvesNothing) {
    StoryRecord dead = told();
    dead.log.resize(140);  // the fault's first second, then silence
    EXPECT_NE(
        findings_of(dead).find("only 0 requests in the 20 s of the switchover, at 10 a second"),
        std::string::npos
    ) << findings_of(dead);
    EXPECT_NE(findings_of(dead).find("requests in the 30 s of the failover"), std::string::npos);

    StoryRecord silent = told();
    silent.load_trouble = "the shoppers ended with exit status 1";
    EXPECT_EQ(findings_of(silent), "the load: the shoppers ended with exit status 1");

    StoryRecord cut = told();
    cut.log.erase(cut.log.begin() + 200, cut.log.begin() + 203);
    EXPECT_EQ(findings_of(cut), "the shoppers' log lacks 3 of its requests");
    EXPECT_EQ(report_document(cut).at("load").as_object().at("missing"), 3);
}

TEST(Report, AProcessThatEndedBadlyIsAFinding) {
    StoryRecord story = told();
    story.ended_badly.push_back(
        {.process = "agent-use1-web-1",
         .pid = 12,
         .how = "killed by signal 11 (SEGV)",
         .last_words = "stopping",
         .log = "/w/logs/agent.log"}
    );
    const std::string text =
        "agent-use1-web-1 (pid 12) ended badly: killed by signal 11 (SEGV); its last words: "
        "stopping";
    EXPECT_EQ(findings_of(story), text);
    const auto report = report_document(story);
    EXPECT_EQ(report.at("verdict"), "failed");
    const std::vector<BadEnd> read = bad_ends_from(report.at("ended_badly"));
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(read.front().text(), text);
    EXPECT_EQ(read.front().log, "/w/logs/agent.log");
    story.ended_badly.front().last_words.clear();
    EXPECT_TRUE(findings_of(story).ends_with("; it said nothing"));
}

TEST(Report, AMachineThatStoodStillForAMomentIsNoDeadLoad) {
    for (const int rate : {1, 10, 100, 5000}) {
        const Span span{.from = utc_from_ms(0), .until = utc_from_ms(10'000)};
        const auto expected = static_cast<std::uint64_t>(rate) * 10;
        EXPECT_FALSE(falls_short(expected, span, rate));
        EXPECT_FALSE(falls_short(expected * 8 / 10, span, rate));
        EXPECT_TRUE(falls_short(expected * 6 / 10, span, rate)) << rate;
    }
    const Span moment{.from = utc_from_ms(0), .until = utc_from_ms(500)};
    EXPECT_FALSE(falls_short(0, moment, 1));
}

// "Nothing lost, the books balance, passed" must not stand beside a loss book with holes as if the
// one followed from the other.
TEST(Report, SaysWhenTheLossBookIsNotWholeWhereverItClaimsSomething) {
    StoryRecord story = told();
    const std::string whole = report_table(report_document(story));
    EXPECT_EQ(whole.find("loss book"), std::string::npos);
    EXPECT_NE(whole.find("books balance                     yes\n"), std::string::npos) << whole;
    story.loss_book_complete = false;
    const auto report = report_document(story);
    EXPECT_TRUE(passed(report)) << "the carts find what is lost without a name";
    const std::string table = report_table(report);
    EXPECT_NE(table.find("loss book                         not whole"), std::string::npos);
    EXPECT_NE(table.find("0, as the carts tell\n"), std::string::npos) << table;
    EXPECT_NE(table.find("yes, as far as they go\n"), std::string::npos) << table;
    EXPECT_NE(table.find("The loss book is not whole"), std::string::npos) << table;
    EXPECT_EQ(report.at("remarks").as_array().size(), 1U);
}

TEST(Report, ExplainsWritesLostBesideAPassedVerdict) {
    StoryRecord story = told();
    EXPECT_TRUE(report_document(story).at("remarks").as_array().empty());
    story.books.lost = 3;
    const auto report = report_document(story);
    ASSERT_EQ(report.at("remarks").as_array().size(), 1U);
    const std::string remark{report.at("remarks").at(0).as_string()};
    EXPECT_NE(remark.find("3 acknowledged writes"), std::string::npos) << remark;
    EXPECT_NE(report_table(report).find(remark), std::string::npos);
}

TEST(Report, IsItsOwnersAloneWhateverTheUmaskSays) {
    namespace fs = std::filesystem;
    std::string directory = (fs::temp_directory_path() / "farshore-report-XXXXXX").string();
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    const mode_t before = umask(0);
    const Status written = write_report(report_document(told()), directory);
    umask(before);
    EXPECT_TRUE(written.has_value());
    for (const char* name : {"report.json", "report.html"}) {
        EXPECT_EQ(fs::status(fs::path{directory} / name).permissions(), fs::perms{0600}) << name;
    }
    fs::remove_all(directory);
}

TEST(Report, NamesManyAndSaysHowManyItLeavesOut) {
    StoryRecord story = told();
    const std::size_t many = kListedMax + 7;
    for (std::size_t i = 0; i < many; ++i) {
        story.booked.push_back({.table = "t", .key = "k", .fate = "suppressed"});
        story.books.lost_writes.push_back({.id = "x"});
    }
    for (std::size_t i = 0; i < many - 10; ++i) {
        story.log.push_back(request(20'000, false));
        story.log.back().number = static_cast<std::int64_t>(600 + i);
    }
    const auto report = report_document(story);
    const auto& data = report.at("data").as_object();
    EXPECT_EQ(data.at("loss_book").as_array().size(), kListedMax);
    EXPECT_EQ(data.at("lost_writes").as_array().size(), kListedMax);
    EXPECT_EQ(report.at("failed_requests").as_array().size(), kListedMax);
    for (const char* list : {"loss_book", "lost_writes", "failed_requests"}) {
        EXPECT_EQ(report.at("truncated").as_object().at(list), 7) << list;
        EXPECT_NE(
            report_table(report).find(
                std::string{list} + " is truncated: 7 more are counted, and not named"
            ),
            std::string::npos
        );
    }
    EXPECT_EQ(report_document(told()).at("truncated").as_object().at("loss_book"), 0);
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
    EXPECT_EQ(html.find("make(\"details\", {},"), std::string::npos)
        << "what is closed on the screen is not printed";
    EXPECT_EQ(html.find("lost </script>"), std::string::npos);
    EXPECT_NE(html.find("lost \\u003c/script>"), std::string::npos);
    EXPECT_EQ(html.find("@REPORT@"), std::string::npos);
    for (const char* outside : {"http://", "https://", "src=", "<link", "url(", "@import"}) {
        EXPECT_EQ(html.find(outside), std::string::npos) << outside << ": works without a network";
    }
}

}  // namespace
}  // namespace farshore::drill
