#pragma once

namespace CLI {
class App;
}  // namespace CLI

// `farshore provision export`: what the configuration needs in AWS, for other tools. No look at
// AWS.
namespace farshore::cli {

struct Context;

void add_export_commands(CLI::App& provision, Context& context);

}  // namespace farshore::cli
