#!/usr/bin/env bash
set -euo pipefail
IMAGE_TAG_IMMUTABLE="git-$(git rev-parse HEAD)"
aws ecr get-login-password --region "$AWS_REGION" | docker login --username AWS --password-stdin "$ECR_REPO_URI"
docker build --file Dockerfile --tag "$ECR_REPO_URI:$IMAGE_TAG_IMMUTABLE" .
docker push "$ECR_REPO_URI:$IMAGE_TAG_IMMUTABLE" || docker push "$ECR_REPO_URI:$IMAGE_TAG_IMMUTABLE"
aws ecr describe-images --repository-name "$ECR_REPO_NAME" --image-ids imageTag="$IMAGE_TAG_IMMUTABLE" --query "imageDetails[0].imageDigest" --output text
docker tag "$ECR_REPO_URI:$IMAGE_TAG_IMMUTABLE" "$ECR_REPO_URI:latest"
docker push "$ECR_REPO_URI:latest" || echo "the convenience tag was not pushed" >&2
