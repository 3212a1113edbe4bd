plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
    alias(libs.plugins.kotlin.serialization)
    alias(libs.plugins.kotlin.compose)
}

android {
    namespace = "dev.dunlin.sample"
    compileSdk = 36
    defaultConfig {
        applicationId = "dev.dunlin.sample"
        minSdk = 26
        targetSdk = 36
        versionCode = 1
        versionName = libs.versions.dunlin.get()
    }
    buildTypes.getByName("release") {
        // Shrunk, so that a missing keep rule of the library shows.
        isMinifyEnabled = true
        proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"))
        signingConfig = signingConfigs.getByName("debug")
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
    // The screens, which Maven compiles too, and what needs Android.
    sourceSets["main"].kotlin.srcDir("src/screens/kotlin")
    // The tests draw on a desktop: Maven runs them.
    sourceSets["test"].kotlin.setSrcDirs(emptyList<Any>())
}

dependencies {
    implementation(project(":compose"))
    implementation(libs.compose.material3)
    implementation(libs.activity.compose)
    implementation(libs.zxing)
    implementation(libs.zxing.scanner)
}
