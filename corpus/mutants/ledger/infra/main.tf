# Planned offline (../../README.md); nothing is ever applied.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "demo"
  secret_key                  = "demo"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variable "value" {
  sensitive = true
  default   = "set-by-the-pipeline"
}

locals {
  account   = "111122223333"
  parameter = "arn:aws:ssm:eu-west-1:${local.account}:parameter"
  role      = "arn:aws:iam::${local.account}:role"
  image     = "${local.account}.dkr.ecr.eu-west-1.amazonaws.com/ledger:git-4b825dc642cb6eb9a060e54bf8d69288fbee4904"
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })
  secrets = {
    db_password = "/ledger/prod/db/password"
    queue_token = "/ledger/prod/queue/token"
    export_key  = "/ledger/prod/export/key"
  }
  tasks = {
    api    = { reads = ["db_password"], entrypoint = null, command = ["--profile", "/app/profile.toml"] }
    worker = { reads = ["db_password", "queue_token"], entrypoint = ["python3", "-m", "ledger.worker"], command = ["run", "--profile", "/app/profile.toml"] }
    export = { reads = ["export_key"], entrypoint = ["python3", "-m", "ledger.export"], command = ["--profile", "/app/profile.toml", "--day", "2026-11-01"] }
  }
}

resource "aws_ecr_repository" "ledger" {
  name                 = "ledger"
  image_tag_mutability = "IMMUTABLE"
}

resource "aws_ssm_parameter" "secret" {
  for_each = local.secrets
  name     = each.value
  type     = "SecureString"
  value    = var.value
}

resource "aws_iam_role" "task" {
  for_each           = local.tasks
  name               = "ledger-${each.key}"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "task" {
  for_each = local.tasks
  name     = "read-secrets"
  role     = aws_iam_role.task[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ReadSecrets"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter", "ssm:GetParameters"]
      Resource = [for name in each.value.reads : "${local.parameter}${local.secrets[name]}"]
    }]
  })
}

resource "aws_iam_role" "execution" {
  name               = "ledger-execution"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "execution" {
  name = "pull-and-log"
  role = aws_iam_role.execution.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = [
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
      ]
      Resource = "*"
    }]
  })
}

resource "aws_ecs_task_definition" "task" {
  for_each                 = local.tasks
  family                   = "ledger-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = "${local.role}/ledger-${each.key}"
  execution_role_arn       = "${local.role}/ledger-execution"
  container_definitions = jsonencode([merge({
    name        = each.key
    image       = local.image
    command     = each.value.command
    environment = [{ name = "QUEUE_HOST", value = "queue.ledger.internal" }]
  }, each.value.entrypoint == null ? {} : { entryPoint = each.value.entrypoint })])
}
