# What test_models.py feeds with the cases that come with botocore.
add_executable(farshore-aws-model-cases ${CMAKE_SOURCE_DIR}/test/aws_model/cases/cases.cc)
target_link_libraries(farshore-aws-model-cases PRIVATE farshore_aws_model farshore_options)
_farshore_compile_like(farshore-aws-model-cases ON)
