#include "core/provision/alarm_plan.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace farshore::core {

namespace {

using Fields = std::map<std::string, std::string>;
using enum AlarmResourceKind;

// What sessions and carts are read and written with. DynamoDB counts latency and errors of each
// operation apart; an alarm on one that is never called stays without data, which means unknown.
constexpr std::array<std::string_view, 3> kOperations{"GetItem", "PutItem", "UpdateItem"};

// Of the latency, three minutes of three: a single slow minute is an ordinary day.
constexpr int kSlowMinutes = 3;
// Replication: its metric comes late, and moves with every burst of writes.
constexpr int kReplicationMinutes = 5;
// SDKs repeat a request that got a 500; fewer of them in a minute reach no user.
constexpr int kErrorsInAMinute = 5;

// AWS: "Composite alarms" quotas, https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/.
constexpr std::size_t kChildrenMax = 100;

// An alarm's state is old news after an hour; what could not be read is kept as long as SQS does.
constexpr std::string_view kRetention = "3600";
constexpr std::string_view kDeadRetention = "1209600";
constexpr std::string_view kReceivesMax = "5";

std::string quoted(std::string_view text) {
    return "\"" + std::string{text} + "\"";
}

std::string prefix_of(const AlarmWish& wish) {
    return "farshore-" + wish.app.value() + "-";
}

std::string arn(
    const AlarmWish& wish, std::string_view service, const RegionId& region, std::string_view rest
) {
    return "arn:" + wish.partition + ":" + std::string{service} + ":" + region.value() + ":" +
           wish.account + ":" + std::string{rest};
}

std::string milliseconds(Duration time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

AlarmResource metric_alarm_of(
    const AlarmWish& wish, const RegionId& region, const TableName& table, std::string suffix
) {
    const std::string name = prefix_of(wish) + table.value() + "-" + suffix;
    return {
        .kind = metric_alarm,
        .region = region,
        .name = name,
        .fields =
            {{"Namespace", "AWS/DynamoDB"},
             {"Dimensions.TableName", table.value()},
             {"Period", "60"}},
        .why = {}
    };
}

void set_minutes(AlarmResource& alarm, int minutes) {
    alarm.fields["EvaluationPeriods"] = std::to_string(minutes);
    alarm.fields["DatapointsToAlarm"] = std::to_string(minutes);
}

// Requests that are slow or fail in a Region: what its composite alarm stands on.
std::vector<AlarmResource> request_alarms(const AlarmWish& wish, const RegionId& region) {
    std::vector<AlarmResource> out;
    for (const TableName& table : wish.tables) {
        for (const std::string_view operation : kOperations) {
            const std::string of = std::string{operation};
            AlarmResource slow = metric_alarm_of(wish, region, table, of + "-latency");
            slow.fields["Dimensions.Operation"] = of;
            slow.fields["MetricName"] = "SuccessfulRequestLatency";
            slow.fields["Statistic"] = "Average";
            slow.fields["ComparisonOperator"] = "GreaterThanThreshold";
            slow.fields["Threshold"] = milliseconds(wish.latency);
            set_minutes(slow, kSlowMinutes);
            // Only requests that succeed have a latency: without any, a quiet night and an outage
            // look alike, so the alarm says that it does not know.
            slow.fields["TreatMissingData"] = "missing";
            slow.why = "says that " + of + " on " + table.value() + " is slow in " + region.value();
            out.push_back(std::move(slow));

            AlarmResource errors = metric_alarm_of(wish, region, table, of + "-errors");
            errors.fields["Dimensions.Operation"] = of;
            errors.fields["MetricName"] = "SystemErrors";
            errors.fields["Statistic"] = "Sum";
            errors.fields["ComparisonOperator"] = "GreaterThanOrEqualToThreshold";
            errors.fields["Threshold"] = std::to_string(kErrorsInAMinute);
            set_minutes(errors, kSlowMinutes);
            // DynamoDB writes the metric when there are errors: none is good news.
            errors.fields["TreatMissingData"] = "notBreaching";
            errors.why =
                "says that DynamoDB fails " + of + " on " + table.value() + " in " + region.value();
            out.push_back(std::move(errors));
        }
    }
    return out;
}

AlarmResource replication_alarm(
    const AlarmWish& wish,
    const RegionId& from,
    const RegionId& to,
    const TableName& table,
    std::string_view suffix
) {
    AlarmResource alarm =
        metric_alarm_of(wish, from, table, "replication-" + std::string{suffix} + "-" + to.value());
    alarm.fields["Dimensions.ReceivingRegion"] = to.value();
    alarm.fields["MetricName"] = "ReplicationLatency";
    set_minutes(alarm, kReplicationMinutes);
    return alarm;
}

std::vector<AlarmResource> replication_alarms(
    const AlarmWish& wish, const RegionId& from, const RegionId& to
) {
    std::vector<TableName> tables = wish.tables;
    tables.push_back(wish.heartbeat_table);
    std::vector<AlarmResource> out;
    for (const TableName& table : tables) {
        AlarmResource late = replication_alarm(wish, from, to, table, "late");
        late.fields["Statistic"] = "Average";
        late.fields["ComparisonOperator"] = "GreaterThanThreshold";
        late.fields["Threshold"] = milliseconds(wish.replication_lag);
        // Nothing is replicated while nobody writes: no data says nothing of how late it would be.
        late.fields["TreatMissingData"] = "missing";
        late.why = "says that " + to.value() + " gets the writes of " + table.value() + " late";
        out.push_back(std::move(late));
    }
    // Of the heartbeats alone, as they are written all the time: a table of the app is silent
    // whenever nobody writes, and its alarm would ring every quiet night.
    AlarmResource silent = replication_alarm(wish, from, to, wish.heartbeat_table, "silent");
    silent.fields["Statistic"] = "SampleCount";
    silent.fields["ComparisonOperator"] = "LessThanThreshold";
    silent.fields["Threshold"] = "1";
    // That there is no data is what it watches for.
    silent.fields["TreatMissingData"] = "breaching";
    silent.why = "says that nothing of " + from.value() + " reaches " + to.value() +
                 ", or that nobody writes heartbeats there";
    out.push_back(std::move(silent));
    return out;
}

// Of requests alone: from replication that is late nobody can tell which of the two Regions is ill.
AlarmResource composite_of(
    const AlarmWish& wish, const RegionId& region, const std::vector<AlarmResource>& children
) {
    std::string any;
    for (const AlarmResource& child : children) {
        any += (any.empty() ? "" : " OR ") + ("ALARM(" + quoted(child.name) + ")");
    }
    return {
        .kind = composite_alarm,
        .region = region,
        .name = prefix_of(wish) + "impaired",
        .fields = {{"AlarmRule", std::move(any)}},
        .why = "says in one word that requests fail or are slow in " + region.value()
    };
}

std::string role_name(const AlarmWish& wish, const RegionId& to) {
    return prefix_of(wish) + "bus-" + to.value();
}

std::string bus_arn(const AlarmWish& wish, const RegionId& region) {
    return arn(wish, "events", region, "event-bus/default");
}

std::string allow(std::string_view who, std::string_view what, std::string_view rest) {
    return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow")" +
           (who.empty() ? "" : R"(,"Principal":{"Service":)" + quoted(who) + "}") +
           R"(,"Action":)" + quoted(what) + std::string{rest} + "}]}";
}

AlarmResource role_of(const AlarmWish& wish, const RegionId& to) {
    return {
        .kind = role,
        // IAM is one for a partition: whichever Region is asked.
        .region = wish.regions.front(),
        .name = role_name(wish, to),
        .fields =
            {{"AssumeRolePolicyDocument", allow("events.amazonaws.com", "sts:AssumeRole", "")},
             {"PolicyDocument",
              allow("", "events:PutEvents", R"(,"Resource":)" + quoted(bus_arn(wish, to)))}},
        .why = "lets EventBridge put events on the bus of " + to.value() + ", and nothing else"
    };
}

std::string queue_name(const AlarmWish& wish) {
    return prefix_of(wish) + "alarms";
}

std::string receiving_rule(const AlarmWish& wish) {
    return prefix_of(wish) + "alarms-to-queue";
}

std::vector<AlarmResource> queues_of(const AlarmWish& wish, const RegionId& region) {
    const std::string dead_arn = arn(wish, "sqs", region, queue_name(wish) + "-dead");
    const std::string rule_arn = arn(wish, "events", region, "rule/" + receiving_rule(wish));
    AlarmResource dead{
        .kind = queue,
        .region = region,
        .name = queue_name(wish) + "-dead",
        .fields = {{"MessageRetentionPeriod", std::string{kDeadRetention}}},
        .why = "keeps what no controller could read"
    };
    AlarmResource read{
        .kind = queue,
        .region = region,
        .name = queue_name(wish),
        .fields =
            {{"MessageRetentionPeriod", std::string{kRetention}},
             {"Policy",
              allow(
                  "events.amazonaws.com",
                  "sqs:SendMessage",
                  R"(,"Resource":)" + quoted(arn(wish, "sqs", region, queue_name(wish))) +
                      R"(,"Condition":{"ArnEquals":{"aws:SourceArn":)" + quoted(rule_arn) + "}}"
              )},
             {"RedrivePolicy",
              R"({"deadLetterTargetArn":)" + quoted(dead_arn) + R"(,"maxReceiveCount":)" +
                  std::string{kReceivesMax} + "}"}},
        .why = "is what controllers read: each change of an alarm, of both Regions"
    };
    return {std::move(dead), std::move(read)};
}

// Changes of the alarms of these Regions. An ARN names its alarm's Region, so that a rule that
// forwards never takes what was forwarded to it, and no event goes in a circle.
std::string pattern_of(const AlarmWish& wish, const std::vector<RegionId>& of) {
    std::string resources;
    for (const RegionId& region : of) {
        resources += (resources.empty() ? "" : ",") +
                     (R"({"prefix":)" +
                      quoted(arn(wish, "cloudwatch", region, "alarm:" + prefix_of(wish))) + "}");
    }
    return R"({"source":["aws.cloudwatch"],"detail-type":["CloudWatch Alarm State Change"],)"
           R"("resources":[)" +
           resources + "]}";
}

AlarmResource rule_of(
    const AlarmWish& wish,
    const RegionId& region,
    std::string name,
    const std::vector<RegionId>& alarms_of,
    std::string target
) {
    return {
        .kind = rule,
        .region = region,
        .name = std::move(name),
        .fields =
            {{"EventPattern", pattern_of(wish, alarms_of)},
             {"State", "ENABLED"},
             {"Targets.Arn", std::move(target)}},
        .why = {}
    };
}

AlarmResource forwarding_rule(const AlarmWish& wish, const RegionId& from, const RegionId& to) {
    AlarmResource made =
        rule_of(wish, from, prefix_of(wish) + "alarms-to-" + to.value(), {from}, bus_arn(wish, to));
    made.fields["Targets.RoleArn"] =
        wish.role.empty()
            ? "arn:" + wish.partition + ":iam::" + wish.account + ":role/" + role_name(wish, to)
            : wish.role;
    made.why = "tells " + to.value() + " of the alarms of " + from.value() +
               ": a rule reaches another Region by its bus alone";
    return made;
}

// AWS's longest names: CloudWatch PutMetricAlarm, IAM CreateRole, SQS CreateQueue, EventBridge
// PutRule (API references).
std::size_t longest_name(AlarmResourceKind kind) {
    switch (kind) {
        case metric_alarm:
        case composite_alarm: return 255;
        case queue: return 80;
        case role:
        case rule: return 64;
    }
    std::unreachable();
}

// What is wished, or, of a resource that is there, what differs; empty: nothing does.
std::string fields_text(const AlarmResource& wished, const AlarmResource* seen) {
    Fields fields = wished.fields;
    if (seen != nullptr) {
        // What is there beside the wish (a dimension more) makes another thing of it.
        for (const auto& [name, value] : seen->fields) {
            fields.try_emplace(name, "");
        }
    }
    const auto or_none = [](const std::string& value) {
        return value.empty() ? std::string{"none"} : value;
    };
    std::string text;
    for (const auto& [name, value] : fields) {
        std::string now;
        if (seen != nullptr) {
            const auto found = seen->fields.find(name);
            const std::string is = found == seen->fields.end() ? "" : found->second;
            if (is == value) {
                continue;
            }
            now = " (now " + or_none(is) + ")";
        }
        text += (text.empty() ? "" : ", ") + name + " " + or_none(value) + now;
    }
    return text;
}

std::string title_of(const AlarmResource& resource) {
    return std::string{text_of(resource.kind)} + " " + resource.name + " in " +
           resource.region.value();
}

void plan_resource(
    const AlarmResource& wished, const std::vector<AlarmResource>& seen, AlarmPlan& plan
) {
    const auto found = std::ranges::find_if(seen, [&](const AlarmResource& one) {
        return one.kind == wished.kind && one.region == wished.region && one.name == wished.name;
    });
    const AlarmResource* there = found == seen.end() ? nullptr : &*found;
    std::string fields = fields_text(wished, there);
    if (there != nullptr && fields.empty()) {
        return;
    }
    if (there != nullptr && !there->ours) {
        plan.obstacles.push_back(
            {.about = wished.name,
             .text = title_of(wished) + " is not as it is needed, and has no tag `" +
                     std::string{kAppTag} + "` of " + "this app: " + fields,
             .remedy = "change it, or tag it `" + std::string{kAppTag} +
                       "` with the app's name: then the next plan mends it"}
        );
        return;
    }
    plan.changes.push_back(
        {.kind = there == nullptr ? AlarmChangeKind::create : AlarmChangeKind::update,
         .what = wished.kind,
         .region = wished.region,
         .name = wished.name,
         .fields = std::move(fields),
         .why = wished.why,
         .wished = wished}
    );
}

}  // namespace

std::string_view text_of(AlarmResourceKind kind) {
    switch (kind) {
        case metric_alarm: return "metric alarm";
        case composite_alarm: return "composite alarm";
        case role: return "role";
        case queue: return "queue";
        case rule: return "rule";
    }
    std::unreachable();
}

std::string text_of(const AlarmChange& change) {
    const bool makes = change.kind == AlarmChangeKind::create;
    return std::string{makes ? "make " : "change "} + std::string{text_of(change.what)} + " " +
           change.name + " in " + change.region.value() + ": " + change.fields;
}

std::vector<AlarmResource> wished_alarm_resources(const AlarmWish& wish) {
    std::vector<AlarmResource> out;
    const auto append = [&out](std::vector<AlarmResource> more) {
        std::ranges::move(more, std::back_inserter(out));
    };
    // The way before what goes along it: a queue before the rule that fills it, that rule before
    // those which forward to it, and alarms at last.
    for (const RegionId& region : wish.queues) {
        append(queues_of(wish, region));
        AlarmResource receives = rule_of(
            wish,
            region,
            receiving_rule(wish),
            wish.regions,
            arn(wish, "sqs", region, queue_name(wish))
        );
        receives.why = "puts each change of an alarm into the queue";
        out.push_back(std::move(receives));
    }
    for (const RegionId& to : wish.queues) {
        if (wish.role.empty()) {
            out.push_back(role_of(wish, to));
        }
        for (const RegionId& from : wish.regions) {
            if (from != to) {
                out.push_back(forwarding_rule(wish, from, to));
            }
        }
    }
    for (const RegionId& region : wish.regions) {
        std::vector<AlarmResource> children = request_alarms(wish, region);
        AlarmResource any = composite_of(wish, region, children);
        append(std::move(children));
        for (const RegionId& to : wish.regions) {
            if (to != region) {
                append(replication_alarms(wish, region, to));
            }
        }
        out.push_back(std::move(any));
    }
    return out;
}

AlarmPlan plan_alarms(const AlarmWish& wish, const std::vector<AlarmResource>& seen) {
    AlarmPlan plan;
    if (wish.tables.size() * kOperations.size() * 2 > kChildrenMax) {
        plan.obstacles.push_back(
            {.about = wish.app.value(),
             .text = "a composite alarm stands on 100 alarms at most, and " +
                     std::to_string(wish.tables.size()) + " tables would need " +
                     std::to_string(wish.tables.size() * kOperations.size() * 2),
             .remedy = "remove `detect.alarms.provision`, and make alarms for the tables that "
                       "matter by hand"}
        );
        return plan;
    }
    for (const AlarmResource& wished : wished_alarm_resources(wish)) {
        if (wished.name.size() > longest_name(wished.kind)) {
            plan.obstacles.push_back(
                {.about = wished.name,
                 .text = "AWS takes no name as long as that of " + title_of(wished),
                 .remedy = "let the app or the table have a shorter name"}
            );
            continue;
        }
        plan_resource(wished, seen, plan);
    }
    return plan;
}

}  // namespace farshore::core
