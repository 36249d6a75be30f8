#!/bin/sh
aws ecr get-login-password | docker login --username AWS --password-stdin "$ECR_REPO_URI"
docker build --tag "$ECR_REPO_URI:git-$GIT_SHA" .
docker push "$ECR_REPO_URI:git-$GIT_SHA"
