#include "cli/provision_documents.h"

#include <string>
#include <string_view>
#include <utility>

#include <boost/json.hpp>

#include "wire/url.h"

namespace farshore::cli {

namespace json = boost::json;

namespace {

json::array texts(const std::vector<std::string>& values) {
    return json::array(values.begin(), values.end());
}

// One comparison may compare several keys.
json::object statement(const core::Right& right) {
    json::object out{
        {"Sid", right.id},
        {"Effect", "Allow"},
        {"Action", texts(right.actions)},
        {"Resource", texts(right.resources)}
    };
    json::object conditions;
    for (const core::RightCondition& one : right.conditions) {
        json::value& compared = conditions[one.comparison];
        if (compared.is_null()) {
            compared.emplace_object();
        }
        compared.get_object()[one.key] = texts(one.values);
    }
    if (!conditions.empty()) {
        out["Condition"] = std::move(conditions);
    }
    return out;
}

json::object reference(const std::string& id) {
    return {{"Ref", id}};
}

// A logical id has letters and digits only; two names never become one.
std::string id_of(const TableName& table) {
    std::string id = "Table";
    for (const char byte : table.value()) {
        switch (byte) {
            case '_': id += "Underscore"; break;
            case '-': id += "Dash"; break;
            case '.': id += "Dot"; break;
            default: id += byte;
        }
    }
    return id;
}

// "serving_preferred" -> "HealthCheckServingPreferred".
std::string camel(std::string prefix, std::string_view words) {
    bool starts = true;
    for (const char byte : words) {
        if (byte == '_') {
            starts = true;
            continue;
        }
        const bool lower = byte >= 'a' && byte <= 'z';
        prefix += starts && lower ? static_cast<char>(byte - 'a' + 'A') : byte;
        starts = false;
    }
    return prefix;
}

std::string id_of_check(std::string_view role) {
    return camel("HealthCheck", role);
}

json::object kept(std::string_view type, json::object properties) {
    return {
        {"Type", type},
        {"DeletionPolicy", "Retain"},
        {"UpdateReplacePolicy", "Retain"},
        {"Properties", std::move(properties)}
    };
}

json::object table_resource(const core::StackTable& table) {
    json::array attributes;
    json::array keys;
    for (const core::StackAttribute& one : table.key) {
        attributes.push_back(json::object{{"AttributeName", one.name}, {"AttributeType", one.type}}
        );
        keys.push_back(
            json::object{{"AttributeName", one.name}, {"KeyType", keys.empty() ? "HASH" : "RANGE"}}
        );
    }
    json::object properties{
        {"TableName", table.name.value()},
        {"AttributeDefinitions", std::move(attributes)},
        {"KeySchema", std::move(keys)},
        {"BillingMode", "PAY_PER_REQUEST"}
    };
    if (table.stream) {
        properties["StreamSpecification"] = json::object{{"StreamViewType", "NEW_AND_OLD_IMAGES"}};
    }
    if (table.replicas.empty()) {
        return kept("AWS::DynamoDB::Table", std::move(properties));
    }
    json::array replicas;
    for (const RegionId& region : table.replicas) {
        replicas.push_back(json::object{{"Region", region.value()}});
    }
    properties["Replicas"] = std::move(replicas);
    return kept("AWS::DynamoDB::GlobalTable", std::move(properties));
}

json::object check_resource(const core::StackCheck& wished) {
    const core::CheckSeen& check = wished.check;
    json::object config;
    if (check.target) {
        const core::CheckTarget& target = *check.target;
        const bool literal = wire::is_ip_address(target.host);
        config["Type"] = target.tls ? "HTTPS" : "HTTP";
        config[literal ? "IPAddress" : "FullyQualifiedDomainName"] = target.host;
        config["Port"] = target.port;
        config["ResourcePath"] = target.path;
        config["RequestInterval"] = check.interval;
        config["FailureThreshold"] = check.failure_threshold;
        config["Inverted"] = check.inverted;
    } else {
        json::array children;
        for (const std::string& role : check.children) {
            children.push_back(reference(id_of_check(role)));
        }
        config["Type"] = "CALCULATED";
        config["HealthThreshold"] = check.threshold;
        config["ChildHealthChecks"] = std::move(children);
    }
    return kept("AWS::Route53::HealthCheck", {{"HealthCheckConfig", std::move(config)}});
}

json::object record_resource(const core::Stack& stack, const core::RecordWish& record) {
    json::object properties{
        {"HostedZoneId", stack.zone},
        {"Name", stack.record},
        {"Type", record.type},
        {"SetIdentifier", record.set_identifier},
        {"Failover", record.role == "primary" ? "PRIMARY" : "SECONDARY"},
        {"HealthCheckId", reference(id_of_check(to_string(record.check)))}
    };
    if (!record.answer.alias_zone.empty()) {
        properties["AliasTarget"] = json::object{
            {"DNSName", record.answer.name},
            {"HostedZoneId", reference(record.answer.alias_zone)},
            {"EvaluateTargetHealth", true}
        };
    } else {
        properties["TTL"] = std::to_string(record.ttl);
        properties["ResourceRecords"] = record.answer.name.empty() ? texts(record.answer.addresses)
                                                                   : texts({record.answer.name});
    }
    return {{"Type", "AWS::Route53::RecordSet"}, {"Properties", std::move(properties)}};
}

// A role that instances may assume, which its policy is part of.
json::object role_resource(const core::StackRole& role) {
    const json::object trust{
        {"Version", "2012-10-17"},
        {"Statement",
         json::array{json::object{
             {"Effect", "Allow"},
             {"Principal",
              json::object{{"Service", json::object{{"Fn::Sub", "ec2.${AWS::URLSuffix}"}}}}},
             {"Action", "sts:AssumeRole"}
         }}}
    };
    const json::object policy{
        {"PolicyName", "farshore"}, {"PolicyDocument", policy_document(role.rights)}
    };
    return {
        {"Type", "AWS::IAM::Role"},
        {"Properties",
         json::object{{"AssumeRolePolicyDocument", trust}, {"Policies", json::array{policy}}}}
    };
}

void add_role(json::object& resources, json::object& outputs, const core::StackRole& role) {
    const std::string id = camel("Role", to_string(role.principal));
    const std::string profile = camel("InstanceProfile", to_string(role.principal));
    resources[id] = role_resource(role);
    resources[profile] = json::object{
        {"Type", "AWS::IAM::InstanceProfile"},
        {"Properties", json::object{{"Roles", json::array{reference(id)}}}}
    };
    outputs[profile] = json::object{{"Value", reference(profile)}};
}

json::object zone_parameter(const std::string& balancer) {
    return {
        {"Type", "String"},
        {"Description",
         "CanonicalHostedZoneId of " + balancer + " (aws elbv2 describe-load-balancers)"}
    };
}

}  // namespace

json::object policy_document(const std::vector<core::Right>& rights) {
    json::array statements;
    for (const core::Right& right : rights) {
        statements.push_back(statement(right));
    }
    return {{"Version", "2012-10-17"}, {"Statement", std::move(statements)}};
}

json::object stack_template(const core::Stack& stack) {
    json::object parameters;
    json::object resources;
    json::object outputs;
    for (const core::StackTable& table : stack.tables) {
        resources[id_of(table.name)] = table_resource(table);
    }
    for (const core::StackCheck& check : stack.checks) {
        resources[id_of_check(to_string(check.role))] = check_resource(check);
    }
    for (const core::RecordWish& record : stack.records) {
        if (!record.answer.alias_zone.empty()) {
            parameters[record.answer.alias_zone] = zone_parameter(record.answer.name);
        }
        resources[camel("Record", record.role)] = record_resource(stack, record);
    }
    for (const core::StackRole& role : stack.roles) {
        add_role(resources, outputs, role);
    }
    json::object out{
        {"AWSTemplateFormatVersion", "2010-09-09"},
        {"Description", "What Farshore needs in " + stack.region.value()}
    };
    if (!parameters.empty()) {
        out["Parameters"] = std::move(parameters);
    }
    out["Resources"] = std::move(resources);
    if (!outputs.empty()) {
        out["Outputs"] = std::move(outputs);
    }
    return out;
}

}  // namespace farshore::cli
