#include "cli/lab_view.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/lab_processes.h"
#include "cli/output.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

std::string hand_commands(const json::value& status) {
    std::string out = "start the rest by hand, each in its own terminal:\n";
    const json::value* commands = value_at(status, "commands");
    if (commands != nullptr && commands->is_array()) {
        for (const json::value& command : commands->get_array()) {
            out += fmt::format("  {}\n", std::string_view{command.as_string()});
        }
    }
    return out;
}

}  // namespace

std::string aws_cli_hint(const json::value& status) {
    const json::value* hosts = value_at(status, "hosts");
    if (hosts == nullptr || !hosts->is_array() || hosts->get_array().empty()) {
        return {};
    }
    const json::value& host = hosts->get_array().front();
    return fmt::format(
        "  AWS_SHARED_CREDENTIALS_FILE={} AWS_ENDPOINT_URL_DYNAMODB={} aws dynamodb scan --region "
        "{} --table-name {}\n",
        text_at(status, "credentials/file"),
        text_at(host, "dynamodb"),
        text_at(host, "region"),
        text_at(status, "table")
    );
}

std::string dir_hint(const std::string& directory) {
    return directory == default_lab_directory() ? std::string{} : " --dir " + directory;
}

namespace {

std::string try_lines(const json::value& status) {
    const json::value* controllers = value_at(status, "controllers");
    if (controllers == nullptr || !controllers->is_array() || controllers->get_array().empty()) {
        return {};
    }
    return fmt::format(
        "\ntry:\n  export FARSHORE_CONFIG={}\n  farshore status\n"
        "  farshore lab fault dynamodb {} --mode empty-dns --for 1m{}\n",
        text_at(controllers->get_array().front(), "config"),
        value_at(status, "regions")->get_object().begin()->key().data(),
        dir_hint(text_at(status, "directory"))
    );
}

std::string heading(const json::value& status) {
    return fmt::format(
        "the world is up; it lives in {} and ends with `farshore lab down{}`\n",
        text_at(status, "directory"),
        dir_hint(text_at(status, "directory"))
    );
}

// "running", "killed by a fault", "ended: exit status 3".
std::string state_of(const json::value& process) {
    const std::string state = text_at(process, "state");
    if (state == "killed") {
        return "killed by a fault";
    }
    return state == "ended" ? "ended: " + text_at(process, "how") : state;
}

// " (random, seed 7)" of a fault that was drawn.
std::string seed_of(const json::value& fault) {
    const std::string seed = text_at(fault, "seed");
    return seed.empty() ? seed : " (random, seed " + seed + ")";
}

}  // namespace

std::string kept_summary(const json::value& status) {
    return heading(status) + try_lines(status) + aws_cli_hint(status);
}

std::string world_summary(const json::value& status) {
    std::string out = heading(status) + "\n";
    out += world_table(status);
    if (value_at(status, "commands") != nullptr) {
        out += "\n" + hand_commands(status);
    }
    out += try_lines(status) + aws_cli_hint(status);
    if (flag_at(status, "any_credentials")) {
        out += "any access key is taken; the Region that a signature names serves its request\n";
    }
    return out;
}

bool has_dead_process(const json::value& status) {
    const json::value* list = value_at(status, "processes");
    return list != nullptr && list->is_array() &&
           std::ranges::any_of(list->get_array(), [](const json::value& process) {
               return text_at(process, "state") == "ended";
           });
}

void print_bad_ends(const std::vector<drill::BadEnd>& ends) {
    for (const drill::BadEnd& end : ends) {
        print_error({.kind = ErrorKind::unavailable, .text = end.text(), .remedy = "see " + end.log}
        );
    }
}

std::string world_table(const json::value& status) {
    TextTable regions{{"REGION", "DYNAMODB", "NAME", "LOAD BALANCER"}};
    if (const json::value* list = value_at(status, "regions");
        list != nullptr && list->is_object()) {
        for (const auto& [name, region] : list->get_object()) {
            regions.add(
                {std::string{name},
                 text_at(region, "dynamodb"),
                 text_at(region, "dynamodb_name"),
                 text_at(region, "load_balancer")}
            );
        }
    }
    TextTable hosts{{"HOST", "REGION", "DYNAMODB ENDPOINT", "HEALTH", "STOREFRONT", "AGENT PID"}};
    if (const json::value* list = value_at(status, "hosts"); list != nullptr && list->is_array()) {
        for (const json::value& host : list->get_array()) {
            const std::string pid = text_at(host, "agent_pid");
            hosts.add(
                {text_at(host, "name"),
                 text_at(host, "region"),
                 text_at(host, "dynamodb"),
                 text_at(host, "healthz"),
                 text_at(host, "storefront"),
                 pid.empty() ? "-" : pid}
            );
        }
    }
    std::string out = regions.text() + "\n" + hosts.text();
    out += fmt::format(
        "\nRoute 53 {}, DNS {}, record {} in zone {}\n",
        text_at(status, "route53/api"),
        text_at(status, "route53/dns"),
        text_at(status, "route53/record"),
        text_at(status, "route53/zone")
    );
    if (const json::value* list = value_at(status, "controllers");
        list != nullptr && list->is_array()) {
        for (const json::value& controller : list->get_array()) {
            out += fmt::format(
                "controller {} at {}\n", text_at(controller, "id"), text_at(controller, "api")
            );
        }
    }
    TextTable processes{{"PROCESS", "PID", "STATE", "LAST WORDS"}};
    if (const json::value* list = value_at(status, "processes");
        list != nullptr && list->is_array()) {
        for (const json::value& process : list->get_array()) {
            processes.add(
                {text_at(process, "name"),
                 text_at(process, "pid").empty() ? "-" : text_at(process, "pid"),
                 state_of(process),
                 text_at(process, "last_words")}
            );
        }
        out += "\n" + processes.text();
    }
    TextTable faults{{"FAULT", "WHAT", "STATE", "TOUCHED", "ENDS"}};
    if (const json::value* list = value_at(status, "faults"); list != nullptr && list->is_array()) {
        for (const json::value& fault : list->get_array()) {
            faults.add(
                {text_at(fault, "id"),
                 text_at(fault, "text") + seed_of(fault),
                 text_at(fault, "state"),
                 text_at(fault, "touched"),
                 text_at(fault, "ends_at")}
            );
        }
    }
    return out + (faults.empty() ? "no fault\n" : "\n" + faults.text());
}

}  // namespace farshore::cli
