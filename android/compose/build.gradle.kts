plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
    alias(libs.plugins.kotlin.compose)
}

android {
    namespace = "dev.dunlin.compose"
}

kotlin {
    explicitApi()
}

dependencies {
    api(project(":android"))
    api(libs.compose.runtime)
    api(libs.compose.foundation)
}
