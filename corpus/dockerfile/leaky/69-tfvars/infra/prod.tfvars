db_password = "tR7uK2mQx9Wd"
