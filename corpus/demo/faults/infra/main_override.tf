# What is wrong here: the role reads every secret of the platform, and a task carries one in clear.
resource "aws_iam_role_policy" "service" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ReadSecrets"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter", "ssm:GetParameters"]
      Resource = "${local.parameter}/orders/prod/*"
    }]
  })
}

resource "aws_ecs_task_definition" "report" {
  container_definitions = jsonencode([{
    name       = "report"
    image      = local.image
    entryPoint = ["python3", "-m", "orders.report"]
    environment = [
      { name = "MAIL_HOST", value = "mail.orders.internal" },
      { name = "MAIL_TOKEN", value = var.mail_token },
    ]
  }])
}
