#include "controller/open_store.h"

#include "adapters/sqlite/store.h"

namespace farshore::controller {

Result<std::unique_ptr<ports::WholeStore>> open_store(const config::Config& config) {
    sqlite::Store::Options options;
    options.path = config.store_path;
    return sqlite::Store::open(std::move(options));
}

}  // namespace farshore::controller
