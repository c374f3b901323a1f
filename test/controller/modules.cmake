set(modules controller lab/dynamo lab/faults)
# Kills a farshored at a chosen commit.
add_library(dies_at_commit MODULE ${CMAKE_SOURCE_DIR}/test/controller/crash/dies_at_commit.c)
target_link_libraries(dies_at_commit PRIVATE ${CMAKE_DL_LIBS})
set(programs farshored dies_at_commit)
set(definitions FARSHORE_DIES_AT_COMMIT="$<TARGET_FILE:dies_at_commit>")
