# The demo's infrastructure. `../make` plans it offline; nothing is ever applied.
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

variable "account" {
  default = "111122223333"
}

variable "db_password" {
  sensitive = true
  default   = "set-by-the-pipeline"
}

variable "mail_token" {
  sensitive = true
  default   = "written-by-the-pipeline"
}

locals {
  parameter = "arn:aws:ssm:eu-west-1:${var.account}:parameter"
  role      = "arn:aws:iam::${var.account}:role"
  image     = "${var.account}.dkr.ecr.eu-west-1.amazonaws.com/orders:git-4b825dc642cb6eb9a060e54bf8d69288fbee4904"
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })
}

resource "aws_ecr_repository" "orders" {
  name                 = "orders"
  image_tag_mutability = "IMMUTABLE"
}

resource "aws_ssm_parameter" "db_password" {
  name  = "/orders/prod/db/password"
  type  = "SecureString"
  value = var.db_password
}

resource "aws_ssm_parameter" "mail_token" {
  name  = "/orders/prod/mail/token"
  type  = "SecureString"
  value = var.mail_token
}

resource "aws_iam_role" "service" {
  name               = "orders-service"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "service" {
  name = "read-secrets"
  role = aws_iam_role.service.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ReadDbPassword"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter", "ssm:GetParameters"]
      Resource = "${local.parameter}/orders/prod/db/password"
    }]
  })
}

resource "aws_iam_role" "report" {
  name               = "orders-report"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "report" {
  name = "read-secrets"
  role = aws_iam_role.report.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ReadMailToken"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter", "ssm:GetParameters"]
      Resource = "${local.parameter}/orders/prod/mail/token"
    }]
  })
}

resource "aws_iam_role" "execution" {
  name               = "orders-execution"
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

resource "aws_ecs_task_definition" "service" {
  family                   = "orders-service"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = "${local.role}/orders-service"
  execution_role_arn       = "${local.role}/orders-execution"
  container_definitions = jsonencode([{
    name        = "service"
    image       = local.image
    command     = ["--profile", "/app/profile.toml"]
    environment = [{ name = "LEDGER_HOST", value = "ledger.orders.internal" }]
  }])
}

resource "aws_ecs_task_definition" "report" {
  family                   = "orders-report"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = "${local.role}/orders-report"
  execution_role_arn       = "${local.role}/orders-execution"
  container_definitions = jsonencode([{
    name        = "report"
    image       = local.image
    entryPoint  = ["python3", "-m", "orders.report"]
    environment = [{ name = "MAIL_HOST", value = "mail.orders.internal" }]
  }])
}
