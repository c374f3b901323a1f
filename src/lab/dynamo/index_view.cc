#include "lab/dynamo/index_view.h"

#include <map>

namespace farshore::lab::dynamo {
namespace {

bool in_index(const KeySchema& schema, const Item& item) {
    const auto has = [&item](const KeyAttribute& attribute) {
        const auto found = item.find(attribute.name);
        return found != item.end() && type_name(found->second) == attribute.type;
    };
    return has(schema.hash) && (!schema.range || has(*schema.range));
}

void take_key(const KeySchema& schema, const Item& item, Item& key) {
    for (const KeyAttribute* attribute : {&schema.hash, schema.range ? &*schema.range : nullptr}) {
        const auto found = attribute == nullptr ? item.end() : item.find(attribute->name);
        if (found != item.end()) {
            key.insert(*found);
        }
    }
}

Item as_projected(const Table& table, const IndexDefinition& index, Item item) {
    if (index.projection == "ALL") {
        return item;
    }
    Item out = index_key(table, &index, item);
    if (index.projection == "INCLUDE") {
        for (const std::string& name : index.included) {
            const auto found = item.find(name);
            if (found != item.end()) {
                out.insert(*found);
            }
        }
    }
    return out;
}

}  // namespace

Item index_key(const Table& table, const IndexDefinition* index, const Item& item) {
    Item key;
    take_key(table.definition.schema, item, key);
    if (index != nullptr) {
        take_key(index->schema, item, key);
    }
    return key;
}

Answer<std::string> index_location(
    const Table& table, const IndexDefinition* index, const Item& key
) {
    Item base;
    take_key(table.definition.schema, key, base);
    if (auto error = check_key(table.definition.schema, base)) {
        return std::unexpected(std::move(*error));
    }
    if (key.size() != index_key(table, index, key).size() ||
        (index != nullptr && !in_index(index->schema, key))) {
        return invalid("The provided key element does not match the schema");
    }
    const std::string where = location(table.definition.schema, base);
    return index == nullptr ? where : location(index->schema, key) + where;
}

Status visit_view(
    ItemStore& store,
    const Table& table,
    const IndexDefinition* index,
    LocationRange range,
    bool forward,
    const std::function<bool(const Item&)>& visitor
) {
    if (index == nullptr) {
        const ItemStore::Order order{.forward = forward};
        return store.visit(
            table.number,
            std::move(range),
            order,
            [&](std::string_view, StoredItem stored) { return visitor(stored.item); }
        );
    }
    std::map<std::string, Item> sorted;
    const Status read =
        store.visit(table.number, {}, {}, [&](std::string_view where, StoredItem stored) {
            if (in_index(index->schema, stored.item)) {
                std::string at = location(index->schema, stored.item) + std::string{where};
                if (at >= range.from && (range.to.empty() || at < range.to)) {
                    sorted.emplace(
                        std::move(at), as_projected(table, *index, std::move(stored.item))
                    );
                }
            }
            return true;
        });
    if (!read) {
        return read;
    }
    if (forward) {
        for (auto at = sorted.begin(); at != sorted.end() && visitor(at->second); ++at) {
        }
    } else {
        for (auto at = sorted.rbegin(); at != sorted.rend() && visitor(at->second); ++at) {
        }
    }
    return {};
}

LocationRange segment_range(std::uint64_t segment, std::uint64_t total) {
    const auto border = [total](std::uint64_t number) -> std::string {
        const unsigned __int128 space = static_cast<unsigned __int128>(1) << 64U;
        const unsigned __int128 at = space / total * number;
        std::string bytes;
        for (int shift = 56; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(static_cast<unsigned char>(
                static_cast<std::uint64_t>(at) >> static_cast<unsigned>(shift)
            ));
        }
        return bytes;
    };
    return {
        .from = segment == 0 ? std::string{} : border(segment),
        .to = segment + 1 == total ? std::string{} : border(segment + 1)
    };
}

}  // namespace farshore::lab::dynamo
